/** Acting on releases, by the real program: each verb, who said it, what is refused, exit codes, dry runs. */
import { beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { namespace, releaseOf } from '../../bench/objects.ts'
import { isAtRest, sharedGround, waitsFor } from './ground.ts'

const ground = sharedGround()
const by = String.raw`\S+ \(kubernetes-admin\)`

const stopped = [{ weight: 20 }, { pause: {} }, { weight: 60 }, { pause: {} }]

async function says(line: string, words: RegExp, code = 0): Promise<void> {
  const ran = await ground().run(line)
  expect({ line, code: ran.code, text: ran.out + ran.err }).toEqual({
    line,
    code,
    text: expect.stringMatching(words),
  })
  if ([1, 2, 3, 6].includes(code)) expect(ran.err).toMatch(/^headgate: /)
}

/** Where a command stands. */
const action = 'headgate.dev/action'

const approval = waitsFor('WaitingForApproval')

describe('one release from hand to hand', () => {
  beforeAll(async () => {
    await ground().installed('shop', stopped)
    await ground().ask('shop', 'shop:v1')
    await ground().until('shop', approval)
  })

  test('a dry run says what would be asked for, and asks for nothing', async () => {
    const before = await ground().until('shop', () => true)
    await says(
      'promote shop --dry-run',
      new RegExp(
        `^headgate/shop: promote of revision \\w+ at step 2 would be asked for by ${by} \\(server dry run\\)\n$`,
      ),
    )
    const after = await ground().until('shop', () => true)
    expect(after.metadata.annotations).toEqual(before.metadata.annotations)
    expect(after.status?.decisions).toEqual(before.status?.decisions)
  })

  test('pause and resume are told with who said it, and recorded with revision and step', async () => {
    await says('pause shop', new RegExp(`^headgate/shop: paused by ${by}\n$`))
    await says('pause headgate/shop', /pause refused: the release is paused already/, 3)
    await says('explain shop', /\n {2}paused by \S+ \(kubernetes-admin\) for /)
    await says('promote shop --dry-run', new RegExp(`; the pause of ${by} ends by it \\(server`))
    await says('resume shop', new RegExp(`^headgate/shop: resumed by ${by}\n$`))
    const { status } = await ground().until('shop', approval)
    const said = status?.decisions?.find(({ action }) => action === 'Pause')
    expect(said).toMatchObject({ revision: status?.trials?.[0]?.revision, step: 1 })
    expect(said?.by).toMatch(new RegExp(`^${by}$`))
    expect(said?.actionId).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('status without waiting says that it is not at its end: exit code 6', async () => {
    await says(
      'status shop --no-watch',
      /Paused, step 2 of 4: pause until promoted, weights 80\/20/,
      6,
    )
  })

  test('waiting in vain ends in time: exit code 6', async () => {
    await says('status shop --timeout 1s', /is not at its end yet; `headgate explain/, 6)
  })

  test('promote lets the step pass, --full all that are left, and status waits for the end', async () => {
    await says('promote shop', /step 2 promoted by/)
    await ground().until(
      'shop',
      (release) => approval(release) && release.status?.step?.index === 3,
    )
    const end = ground().run('status shop --timeout 30s')
    await says('promote shop --full', /promoted past all steps by/)
    const { code, out } = await end
    expect(code).toBe(0)
    expect(out).toMatch(
      /headgate\/shop: Completed, weights 100\/0: Serving: revision \w+ serves all traffic\n$/,
    )
    await says('promote shop', /promote refused: no release waits for a promotion/, 3)
    // A dry run knows it beforehand; and the end is at no step, all of them are done.
    for (const how of ['server', 'client'])
      await says(
        `promote shop --dry-run=${how}`,
        /^headgate: headgate\/shop: promote would be refused: no release waits for a promotion\n$/,
        3,
      )
    await says('history shop', /Complete +\w+ +- +- +revision \w+ is stable/)
  })

  test('undo asks for the revision before, which is recognised; --to-revision for a named one', async () => {
    const { status } = await ground().until('shop', isAtRest)
    const present = status?.stable?.revision ?? ''
    const complete = status?.decisions?.filter(({ action }) => action === 'Complete') ?? []
    const before = complete.find(({ revision }) => revision !== present)?.revision ?? ''
    await says(
      'undo shop --dry-run',
      new RegExp(`revision ${before} is asked for again \\(server dry run\\)`),
    )
    await says('undo shop', new RegExp(`revision ${before} is asked for again;`))
    const trial = await ground().until('shop', approval)
    expect(trial.status?.trials?.[0]?.revision).toBe(before)
    // On trial, an undo is the way back.
    await says('undo shop', new RegExp(`revision ${present} is asked for again;`))
    const back = await ground().until('shop', isAtRest)
    expect(back.status?.stable?.revision).toBe(present)
    await says(
      'undo shop --to-revision zzz',
      new RegExp(`no revision zzz; it has .*${before} \\(shop:v0\\)`),
      2,
    )
    const undone = back.status?.decisions?.filter(({ action }) => action === 'Undo')
    expect(undone).toMatchObject([
      { revision: present, message: expect.stringContaining(`revision ${before} is asked for`) },
      { revision: before, step: 1, by: expect.stringMatching(new RegExp(`^${by}$`)) },
    ])
    await says(
      `undo shop --to-revision ${before.slice(0, 6)}`,
      new RegExp(`revision ${before} is asked`),
    )
    await ground().until('shop', approval)
  })

  test('abort turns back: status ends with exit code 5; retry tries again', async () => {
    await says('abort shop', new RegExp(`^headgate/shop: aborted by ${by}\n$`))
    await says('status shop', /Failed.*Aborted/s, 5)
    await says(
      'explain shop',
      /next: `headgate retry headgate\/shop` tries the same revision again/,
    )
    await says('retry shop', /retried by/)
    await ground().until('shop', approval)
    await says('abort shop --candidate nobody', /has no candidate nobody; it has canary/, 2)
    await says('abort shop', /aborted by/)
    await ground().until('shop', isAtRest)
  })

  test('set image asks for another version; restart for the same one anew', async () => {
    await says('set image shop nobody=shop:v3', /has no container nobody; it has app/, 2)
    await says('set image shop shop:v3', /shop:v3 names no image; write CONTAINER=IMAGE/, 2)
    await says(
      'set image shop app=shop:v3 --dry-run=client',
      /image updated: app=shop:v3 \(dry run\)/,
    )
    await says('set image shop *=shop:v3', /image updated: \*=shop:v3\n$/)
    const trial = await ground().until('shop', approval)
    expect(trial.spec.template.spec.containers[0]?.image).toBe('shop:v3')
    await says('set image shop app=shop:v3', /these images are asked for already/)
    await says('restart shop', /restarted, as a new revision/)
    const next = await ground().until(
      'shop',
      (release) =>
        approval(release) &&
        release.status?.trials?.[0]?.revision !== trial.status?.trials?.[0]?.revision,
    )
    expect(next.spec.template.metadata?.annotations).toHaveProperty([
      'kubectl.kubernetes.io/restartedAt',
    ])
    // Who did it stands in the record, with what they looked at, and is told as an Event.
    await ground().until('shop', ({ metadata }) => metadata.annotations?.[action] === undefined)
    const named = trial.status?.trials?.[0]?.revision
    await says(
      'history shop',
      new RegExp(
        `Z +Restart +${named} +2 +${by} +restarted by ${by}: revision \\w+ is asked for\n`,
      ),
    )
    await says('history shop', new RegExp(`Z +SetImage +\\w+ +- +${by} +image set by ${by}`))
  })
})

describe('in the way', () => {
  test('something that only a change can mend is degraded: exit code 4', async () => {
    const { cluster, until } = ground()
    await cluster.api.create(kinds.release, releaseOf('lost', '0s'))
    await until('lost', waitsFor('RouteMissing'))
    await says('status lost', /RouteMissing/, 4)
    await says('explain lost', /next: create the routing object/)
  })

  test('nothing to try again, and nothing before the first', async () => {
    await ground().installed('calm', [{ weight: 50 }])
    await says('retry calm', /nothing of it has failed, so that there is nothing to try again/, 3)
    await says('undo calm', /there is no revision before \w+/, 3)
  })

  test('who commands a release instead of people is named', async () => {
    const { cluster, installed } = ground()
    await installed('told', [{ weight: 50 }], {
      actions: { allow: ['abort'], instead: 'experiment 7 of Superposition' },
    })
    const labels = { 'headgate.dev/door': 'superposition' }
    const at = { namespace, name: 'told' }
    await cluster.api.patch(kinds.release, at, 'merge', { metadata: { labels } })
    await says('get superposition/told', /^Serving: .*superposition\/told +Completed/s)
    for (const line of ['promote superposition/told', 'set image told app=x', 'undo told'])
      await says(
        line,
        /is for experiment 7 of Superposition, who commands this release; ask there/,
        3,
      )
  })

  test('one that was meant for another revision is refused, and without a controller nobody answers', async () => {
    const { cluster, installed, ask, until, startController, stopController } = ground()
    await installed('late', stopped)
    await ask('late', 'shop:v1')
    await until('late', approval)
    await stopController()
    await says('pause late --timeout 500ms', /is asked for, and no controller has answered yet/, 6)
    await says(
      'abort late --timeout 500ms',
      /another command stands on it that no controller has answered/,
      6,
    )
    await cluster.api.patch(kinds.release, { namespace, name: 'late' }, 'merge', {
      metadata: { annotations: { 'headgate.dev/action': null } },
    })
    // A command that comes late: its step is over by the time it arrives.
    const late = ground().run('promote late --timeout 30s')
    const annotation = 'headgate.dev/action'
    const standing = await until(
      'late',
      ({ metadata }) => metadata.annotations?.[annotation] !== undefined,
    )
    const said = (text: string | null | undefined): Promise<unknown> =>
      cluster.api.patch(kinds.release, { namespace, name: 'late' }, 'merge', {
        metadata: { annotations: { [annotation]: text } },
      })
    await said(null)
    await startController()
    await says('promote late', /step 2 promoted by/)
    await until('late', (release) => approval(release) && release.status?.step?.index === 3)
    await said(standing.metadata.annotations?.[annotation])
    const { code, err } = await late
    expect({ code, err }).toEqual({
      code: 3,
      err: expect.stringMatching(
        /headgate\/late: it was meant for step 1; the release is at step 3 now/,
      ),
    })
  })
})

test('an experiment that ended without a winner waits until its conclusion is accepted', async () => {
  const { cluster, installed, ask, until } = ground()
  const experiment = {
    candidates: [{ name: 'b', weight: 20 }],
    maxDuration: '1s',
    onConclusion: 'wait',
  }
  const services = { stable: 'lab-stable', candidates: { b: 'lab-canary' } }
  await installed('lab', [], { strategy: { experiment }, services })
  await ask('lab', 'shop:v1')
  await until(
    'lab',
    ({ status }) => status?.concluded?.open === true && status.phase === 'Concluded',
  )
  await says('status lab --no-watch', /Concluded/, 6)
  await says('explain lab', /next: `headgate promote headgate\/lab` accepts the end/)
  await says('promote lab', /conclusion accepted by/)
  expect(await cluster.api.get(kinds.release, { namespace, name: 'lab' })).toMatchObject({
    status: { concluded: { open: false } },
  })
})

test('a Rollout of KULTA takes the same commands, by its own name', async () => {
  const labels = { app: 'cart' }
  const rollout = {
    apiVersion: 'kulta.io/v1beta1',
    kind: 'Rollout',
    metadata: { name: 'cart', namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'app', image: 'cart:v1', ports: [{ containerPort: 80 }] }] },
      },
      strategy: {
        canary: {
          stableService: 'cart-stable',
          canaryService: 'cart-canary',
          steps: [{ setWeight: 50 }, { pause: {} }],
        },
      },
    },
  }
  const { cluster, run } = ground()
  await cluster.api.create(kinds.rollout, rollout)
  // Its first version goes through the steps, too.
  const found = Promise.withResolvers<void>()
  const watched = cluster.api.watch<KubeObject & { status?: { phase?: string } }>(kinds.rollout)
  watched.subscribe((change) => {
    if (change.type === 'put' && change.now.status?.phase === 'Paused') found.resolve()
  })
  await found.promise
  await watched.stop()
  const end = run('status kulta/cart --timeout 30s')
  await says('promote kulta/cart', /^kulta\/cart: step 2 promoted by/)
  expect((await end).code).toBe(0)
  await says('set image cart app=cart:v2', /^kulta\/cart: image updated: app=cart:v2\n$/)
})

test('a CanaryApp takes another image by its own name, and who asked is on record', async () => {
  const { cluster, run } = ground()
  await cluster.api.create(kinds.canaryApp, {
    apiVersion: 'canary.atze.io/v1',
    kind: 'CanaryApp',
    metadata: { name: 'web', namespace },
    spec: {
      ...{ image: 'web:v1', imageListenPort: 80, replicas: 1, testReplicas: 1 },
      ...{ prometheusQuery: 'up', prometheusURL: 'http://prometheus.monitoring.svc:9090' },
    },
  } as KubeObject)
  const decided = Promise.withResolvers<void>()
  const watched = cluster.api.watch<KubeObject>(kinds.canaryApp)
  watched.subscribe((change) => {
    if (change.type === 'put' && JSON.stringify(change.now).includes('SetImage')) decided.resolve()
  })
  await says('get canaryapp/web -o name', /^canaryapp\/web\n$/)
  await says('restart canaryapp/web', /does not take restart; it takes pause, resume/, 3)
  await says('set image canaryapp/web *=web:v2', /^canaryapp\/web: image updated: \*=web:v2\n$/)
  await decided.promise
  await watched.stop()
  const { out } = await run('history canaryapp/web')
  expect(out).toMatch(new RegExp(`SetImage .* ${by} +image set by ${by}`))
})
