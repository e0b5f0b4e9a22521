/** Today's events on a local cluster behind ingress-nginx: every kind of event, and what people do in between. */
import { expect, test } from 'vitest'
import { writeAction } from '#core/api/action.ts'
import type { Release } from '#core/api/release.ts'
import type { Ingress } from '#core/k8s/ingress.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Service, Workload } from '#core/k8s/workloads.ts'
import { annotations } from '#core/render/names.ts'
import { systemClock } from '#kube/system.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { watchUntil } from '../../../src/cli/wait.ts'
import { found, post, type Said, sharedScene, today, untilPhase, untilRecord } from './scene.ts'

const scene = sharedScene()
const id = '7300000000000000000'

/** Sends an event of a workspace and expects it to be taken. */
async function say(said: Said): Promise<void> {
  expect(await post(scene().port, today(said))).toMatchObject({ status: 200 })
}

const key = (workspace: string): string => `mumbai/${workspace}-${id}`
const ingress = (name: string) => found<Ingress>(scene(), kinds.ingress, 'mumbai', name)
const service = (name: string) => found<Service>(scene(), kinds.service, 'mumbai', name)
const deployment = (name: string) => found<Workload>(scene(), kinds.deployment, 'mumbai', name)
const weight = async (workspace: string): Promise<string | undefined> =>
  (await ingress(`${workspace}-ingress-${id}-blue`))?.metadata.annotations?.[
    'nginx.ingress.kubernetes.io/canary-weight'
  ]

const asks = (workspace: string, perSecond: number, limit = Infinity) =>
  startTraffic({
    url: `${scene().stage.local.gateway.url}/hello`,
    host: `${workspace}.mumbai`,
    perSecond,
    limit,
    clock: systemClock(),
  })

async function versions(workspace: string): Promise<string[]> {
  return Object.keys((await asks(workspace, 200, 60).done).versions).sort()
}

test('MD07, MD11, S03, S05: the control serves as baseline; paused has weight 0 and keeps its pods; Inprogress resumes', async () => {
  const workspace = 'pauses'
  await say({ workspace, event: 'ExperimentCreated', at: 1, started: false })
  await untilPhase(scene(), key(workspace), 'Pending')
  await say({ workspace, event: 'ExperimentStarted', at: 2, traffic: 30 })
  await untilPhase(scene(), key(workspace), 'Running')
  const main = await ingress('pauses-ingress')
  expect(main?.metadata.annotations?.['nginx.ingress.kubernetes.io/canary']).toBeUndefined()
  expect(main?.spec?.rules?.[0]?.host).toBe('pauses.mumbai')
  expect((await service('pauses-service'))?.spec.selector).toEqual({
    app: `pauses-dep-${id}-control`,
  })
  const control = await deployment(`pauses-dep-${id}-control`)
  expect(control?.spec.template.spec.containers[0]?.image).toBe(`example/pauses:${id}-control`)
  expect(await weight(workspace)).toBe('30')

  const traffic = asks(workspace, 40)
  await say({ workspace, event: 'ExperimentPaused', at: 3, traffic: 30 })
  await untilPhase(scene(), key(workspace), 'Paused')
  expect(await weight(workspace)).toBe('0')
  expect((await deployment(`pauses-dep-${id}-blue`))?.spec.replicas).toBe(2)
  expect(await versions(workspace)).toEqual([`${id}-control`])

  await say({ workspace, event: 'ExperimentInprogress', at: 4, traffic: 30 })
  await untilPhase(scene(), key(workspace), 'Running')
  expect(await weight(workspace)).toBe('30')

  await say({ workspace, event: 'ExperimentConcluded', at: 5, traffic: 30, chosen: 'blue' })
  const record = await untilPhase(scene(), key(workspace), 'Concluded')
  expect(record.status?.outcome).toBe('experimentalWon')
  expect(await versions(workspace)).toEqual([`${id}-blue`])
  await expect.poll(() => deployment(`pauses-dep-${id}-control`)).toBeUndefined()
  const { dropped, drops } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])
}, 60_000)

test.each([
  ['MD13: control won', 'controls', 'ExperimentConcluded', 'control', 'Concluded', 'controlWon'],
  ['MD12: discarded', 'discards', 'ExperimentDiscarded', undefined, 'Discarded', 'discarded'],
] as const)(
  '%s: the variant goes, stable is not touched',
  async (_name, workspace, event, chosen, phase, outcome) => {
    await say({ workspace, event: 'ExperimentStarted', at: 1, traffic: 20 })
    await untilPhase(scene(), key(workspace), 'Running')
    const stable = await deployment(`${workspace}-dep-${id}-control`)
    const main = await service(`${workspace}-service`)
    const traffic = asks(workspace, 40)
    await say({ workspace, event, at: 2, traffic: 20, ...(chosen === undefined ? {} : { chosen }) })
    const record = await untilPhase(scene(), key(workspace), phase)
    expect(record.status?.outcome).toBe(outcome)
    expect(await ingress(`${workspace}-ingress-${id}-blue`)).toBeUndefined()
    expect(await service(`${workspace}-service-${id}-blue`)).toBeUndefined()
    await expect.poll(() => deployment(`${workspace}-dep-${id}-blue`)).toBeUndefined()
    expect((await deployment(`${workspace}-dep-${id}-control`))?.metadata.uid).toBe(
      stable?.metadata.uid,
    )
    expect((await service(`${workspace}-service`))?.spec).toEqual(main?.spec)
    const { dropped, drops } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
    // MD18: what is over stays over.
    await say({ workspace, event: 'ExperimentInprogress', at: 3, traffic: 50 })
    expect(scene().records.get(key(workspace))?.spec.state).toBe(
      outcome === 'discarded' ? 'DISCARDED' : 'CONCLUDED',
    )
  },
  60_000,
)

test('MD08: several variants at once are refused behind ingress-nginx, with the way out', async () => {
  const workspace = 'several'
  const variants = { control: 'CONTROL', blue: 'EXPERIMENTAL', red: 'EXPERIMENTAL' } as const
  await say({ workspace, event: 'ExperimentStarted', at: 1, traffic: 20, variants })
  const record = await untilPhase(scene(), key(workspace), 'Refused')
  expect(record.status?.error).toMatch(/2 experimental variants.*gateway-api/)
  expect(await ingress(`several-ingress-${id}-blue`)).toBeUndefined()
}, 60_000)

test('M27, weakness 4: events of old and repeats change nothing; a hand edit is put back with an Event', async () => {
  const workspace = 'edits'
  await say({ workspace, event: 'ExperimentStarted', at: 5, traffic: 20 })
  await untilPhase(scene(), key(workspace), 'Running')
  const at = { namespace: 'mumbai', name: workspace }
  const before = await scene().cluster.get<Release>(kinds.release, at)
  await say({ workspace, event: 'ExperimentStarted', at: 5, traffic: 20 })
  await say({ workspace, event: 'ExperimentInprogress', at: 4, traffic: 50 })
  const candidates = before.spec.strategy.commanded?.candidates ?? []
  const edited = candidates.map((one) => ({ ...one, version: one.version + 1, weight: 90 }))
  await scene().cluster.patch(kinds.release, at, 'merge', {
    spec: { replicas: 1, strategy: { commanded: { candidates: edited } } },
  })
  await watchUntil(scene().releases, () => {
    const now = scene().releases.get(`mumbai/${workspace}`)
    const [one] = now?.spec.strategy.commanded?.candidates ?? []
    return one?.weight === 20 && now?.spec.replicas === 2
  })
  await expect
    .poll(async () => {
      const { items } = await scene().cluster.list<KubeObject & { reason?: string }>(kinds.event, {
        namespace: 'mumbai',
      })
      return items.some(
        ({ reason, metadata }) => reason === 'Reverted' && metadata.name.startsWith(workspace),
      )
    })
    .toBe(true)
  await untilPhase(scene(), key(workspace), 'Running')
  expect(await weight(workspace)).toBe('20')
}, 60_000)

test('decision 4: abort is weight 0 until the next event; promote is refused, naming who commands', async () => {
  const workspace = 'aborts'
  await say({ workspace, event: 'ExperimentStarted', at: 1, traffic: 20 })
  await untilPhase(scene(), key(workspace), 'Running')
  const command = async (verb: 'abort' | 'promote'): Promise<void> => {
    const at = { namespace: 'mumbai', name: workspace }
    const { metadata, status } = await scene().cluster.get<Release>(kinds.release, at)
    const { revision = '', step } = status?.trials?.[0] ?? {}
    const action = writeAction({
      id: `${verb}-1`,
      verb,
      uid: metadata.uid ?? '',
      revision,
      step,
      by: 'ann',
    })
    const body = { metadata: { annotations: { [annotations.action]: action } } }
    await scene().cluster.patch(kinds.release, at, 'merge', body)
  }
  const decisions = () => scene().releases.get(`mumbai/${workspace}`)?.status?.decisions ?? []
  await command('promote')
  await watchUntil(scene().releases, () =>
    decisions().some(({ actionId }) => actionId === 'promote-1'),
  )
  expect(decisions().find(({ actionId }) => actionId === 'promote-1')?.message).toMatch(
    /refused.*Superposition/,
  )
  await command('abort')
  const aborted = await untilRecord(
    scene(),
    key(workspace),
    ({ status }) => status?.phase === 'Failed',
  )
  expect(aborted.status?.error).toMatch(/aborted by ann/)
  await expect.poll(() => versions(workspace), { timeout: 10_000 }).toEqual([`${id}-control`])
  await say({ workspace, event: 'ExperimentInprogress', at: 2, traffic: 40 })
  await untilPhase(scene(), key(workspace), 'Running')
  expect(await weight(workspace)).toBe('40')
}, 60_000)

test('MD06, MD20: the main Service of the original is taken over with what serves behind it; strange ids become names', async () => {
  const workspace = 'Old_Service'
  const name = 'old-service-'
  const labels = { app: 'before' }
  const own = (): string =>
    [...scene().releases.keys()].find((one) => one.startsWith(`mumbai/${name}`)) ?? ''
  const { serviceName } = await import('#doors/superposition/names.ts')
  const theirs = serviceName(workspace)
  const at = { namespace: 'mumbai', name: theirs }
  const { cluster } = scene()
  await cluster.create(kinds.deployment, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...at, name: 'before' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'a',
              image: 'example/before:before',
              readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 },
              ports: [{ containerPort: 80 }],
            },
          ],
        },
      },
    },
  } as KubeObject)
  await cluster.create(kinds.service, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...at, annotations: { theirs: 'kept' } },
    spec: {
      selector: labels,
      sessionAffinity: 'ClientIP',
      ports: [{ name: 'http', port: 80, targetPort: 80 }],
    },
  } as KubeObject)
  await cluster.create(kinds.ingress, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { ...at, name: 'theirs' },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        {
          host: 'old.mumbai',
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: theirs, port: { number: 80 } } },
              },
            ],
          },
        },
      ],
    },
  } as KubeObject)
  const ask = async (): Promise<string[]> =>
    Object.keys((await asks('old', 200, 60).done).versions).sort()
  await expect.poll(ask, { timeout: 20_000 }).toEqual(['before'])
  const traffic = asks('old', 40)

  const variants = { Control: 'CONTROL', 'Blue/2': 'EXPERIMENTAL' } as const
  await say({ workspace, event: 'ExperimentStarted', at: 1, traffic: 20, variants })
  const record = `mumbai/${theirs}-${id}`
  const running = await untilPhase(scene(), record, 'Running')
  expect(own()).toBe(`mumbai/${theirs}`)
  expect(running.spec.variants[1]?.name).toMatch(/^7300000000000000000-[-a-z0-9]*[0-9a-f]{10}$/)
  expect(await ask()).toEqual(['7300000000000000000-blue-2', 'before'])
  await say({
    workspace,
    event: 'ExperimentConcluded',
    at: 2,
    traffic: 20,
    variants,
    chosen: 'Blue/2',
  })
  await untilPhase(scene(), record, 'Concluded')
  expect(await ask()).toEqual(['7300000000000000000-blue-2'])
  const main = await service(theirs)
  // Weakness 5: only the selector is changed.
  expect(main?.metadata.annotations).toMatchObject({ theirs: 'kept' })
  expect(main?.spec).toMatchObject({ sessionAffinity: 'ClientIP' })
  const pods = await deployment(`${theirs}-dep-${running.spec.variants[1]?.name}`)
  expect(pods?.spec.template.metadata?.annotations).toMatchObject({
    'superposition.headgate.dev/variant': '7300000000000000000-Blue/2',
  })
  // Weakness 8: what is not ours is left where it is.
  expect(await deployment('before')).toBeDefined()
  const { dropped, drops } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])
}, 90_000)

test('weakness 3: a configuration that cannot be deployed is told on the record, and is tried again', async () => {
  const workspace = 'broken'
  const image = { replicas: 1, 'container.image': 'example/broken:v1' }
  const { superposition } = scene()
  const configuration = {
    base: image,
    overrides: [{ when: { variantIds: `${id}-blue` }, set: { replicas: 'many' } }],
  }
  superposition.change(configuration)
  await say({ workspace, event: 'ExperimentStarted', at: 1, traffic: 20 })
  const failed = await untilPhase(scene(), key(workspace), 'Failed')
  expect(failed.status?.error).toMatch(/replicas is of type string/)
  expect(await deployment(`broken-dep-${id}-control`)).toBeDefined()
  superposition.change({ ...configuration, overrides: [] })
  await say({ workspace, event: 'ExperimentInprogress', at: 2, traffic: 25 })
  await untilPhase(scene(), key(workspace), 'Running')

  superposition.fail(503)
  await say({ workspace: 'unreachable', event: 'ExperimentStarted', at: 1, traffic: 20 })
  const without = await untilPhase(scene(), key('unreachable'), 'Failed')
  expect(without.status?.error).toMatch(/Superposition answered 503; it is tried again/)
  superposition.fail(undefined)
  await say({ workspace: 'unreachable', event: 'ExperimentInprogress', at: 2, traffic: 25 })
  await untilPhase(scene(), key('unreachable'), 'Running')
}, 60_000)
