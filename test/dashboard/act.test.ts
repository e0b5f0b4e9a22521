/** Acting through the dashboard, with a controller that obeys: what is previewed happens, what is stale does not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type {
  ActionAnswer,
  ActionPreview,
  ActionRequest,
  ActionVerb,
  ReleaseDetail,
} from '#dashboard/wire.ts'
import { type Controlled, control } from '../../bench/controlled.ts'
import { install, namespace, releaseOf, setImage } from '../../bench/objects.ts'
import { watchUntil } from '../../src/cli/wait.ts'
import { isAtRest, waitsFor } from '../cli/ground.ts'
import { analysis } from '../gen/metric.ts'
import { type Answer, grant, type Opened, openStage, type Stage } from './stage.ts'

let stage: Stage
let dashboard: Opened
let controlled: Controlled
let token: string
beforeAll(async () => {
  stage = await openStage()
  controlled = await control(stage.cluster)
  dashboard = await stage.open()
  const rules = [{ apiGroups: ['headgate.dev'], resources: ['releases'], verbs: ['*'] }]
  await grant(stage, 'ann', rules, namespace)
  token = await stage.tokenFor('ann')
})
afterAll(async () => {
  await controlled.stop()
  await stage.stop()
})

const by = 'system:serviceaccount:default:ann'
const at = (name: string, verb: ActionVerb): string =>
  `/api/v1/releases/headgate/${namespace}/${name}/actions/${verb}`
const preview = (name: string, verb: ActionVerb): Promise<Answer> =>
  dashboard.ask(at(name, verb), { token })
const act = (name: string, verb: ActionVerb, body: ActionRequest): Promise<Answer> =>
  dashboard.ask(at(name, verb), { method: 'POST', token, body })

async function until(name: string, holds: (release: Release) => boolean): Promise<Release> {
  const { releases } = stage.cluster
  const own = (): Release | undefined => releases.get(`${namespace}/${name}`)
  await watchUntil(releases, () => {
    const release = own()
    return release !== undefined && holds(release)
  })
  return own() as Release
}

const steps = [{ weight: 20 }, { pause: {} }, { weight: 60 }, { pause: {} }]

/** At rest with its first version, then on trial with the second one, where it waits for somebody. */
async function onTrial(name: string): Promise<Release> {
  await install(stage.cluster, releaseOf(name, '0s', { strategy: { canary: { steps } } }))
  await until(name, isAtRest)
  await setImage(stage.cluster, name, 'shop:v1')
  return until(name, waitsFor('WaitingForApproval'))
}

/** What a page does: it looks, and asks for what it saw. */
async function asSeen(name: string, verb: ActionVerb): Promise<ActionAnswer> {
  const { code, body } = await preview(name, verb)
  expect([verb, code, body]).toEqual([verb, 200, expect.anything()])
  const { revision, step } = body as ActionPreview
  const done = await act(name, verb, { revision, ...(step === undefined ? {} : { step }) })
  expect([verb, done.code, done.body]).toEqual([verb, 200, expect.anything()])
  return done.body as ActionAnswer
}

describe('one release from hand to hand', () => {
  beforeAll(async () => void (await onTrial('shop')))

  test('a preview says what would happen, to the next stop, and changes nothing', async () => {
    const before = await until('shop', () => true)
    const { body } = await preview('shop', 'promote')
    expect(body).toEqual({
      verb: 'promote',
      revision: before.status?.trials?.[0]?.revision,
      step: 1,
      effects: [
        'step 2 promoted by you',
        'HTTPRoute shop: weight 80/20 → 40/60',
        'step 3 of 4 is done: weight 60',
        'then it waits: step 4 waits until somebody promotes',
      ],
    })
    const after = await until('shop', () => true)
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion)
  })

  test('a preview of what goes on over a pause says that it ends by it', async () => {
    await asSeen('shop', 'pause')
    const { body } = await preview('shop', 'promote')
    expect((body as ActionPreview).effects[0]).toBe(
      `step 2 promoted by you; the pause of ${by} ends by it`,
    )
    await asSeen('shop', 'resume')
  })

  test('what it says happens; who did it is on record, by the name that the cluster knows', async () => {
    const answer = await asSeen('shop', 'promote')
    expect(answer).toMatchObject({ outcome: 'obeyed', message: `step 2 promoted by ${by}` })
    const { status } = await until(
      'shop',
      (release) => waitsFor('WaitingForApproval')(release) && release.status?.step?.index === 3,
    )
    expect(status?.candidates?.[0]?.weight).toEqual({ wanted: 60, confirmed: 60 })
    const said = status?.decisions?.find(({ actionId }) => actionId === answer.id)
    expect(said).toMatchObject({ by, step: 1 })
  })

  test('one that was meant for an earlier step is refused with a sentence: 409', async () => {
    const { status } = await until('shop', () => true)
    const revision = status?.trials?.[0]?.revision ?? ''
    const late = await act('shop', 'promote', { revision, step: 1 })
    expect(late.code).toBe(409)
    expect(late.body).toEqual({
      error: {
        code: 409,
        message: `headgate/shop has moved on: this was meant for revision ${revision}, step 2, and it is at revision ${revision}, step 4 now; look at it again`,
      },
    })
    expect((await act('shop', 'abort', { revision: 'another', step: 3 })).code).toBe(409)
    const { status: after } = await until('shop', () => true)
    expect(after?.step?.index).toBe(3)
  })

  test('pause, resume, abort and retry', async () => {
    expect(await asSeen('shop', 'pause')).toMatchObject({ message: `paused by ${by}` })
    expect(await asSeen('shop', 'resume')).toMatchObject({ message: `resumed by ${by}` })
    const { body } = await preview('shop', 'abort')
    expect((body as ActionPreview).effects).toEqual(
      expect.arrayContaining([
        'HTTPRoute shop: weight 40/60 → 100/0',
        expect.stringMatching(/^Failed: revision \w+ was turned back: aborted by you$/),
      ]),
    )
    expect(await asSeen('shop', 'abort')).toMatchObject({ message: `aborted by ${by}` })
    await until('shop', isAtRest)
    expect(await asSeen('shop', 'retry')).toMatchObject({ outcome: 'obeyed' })
    await until('shop', waitsFor('WaitingForApproval'))
  })

  test('past all steps, back to the one before, and the same anew', async () => {
    expect(await asSeen('shop', 'promote-full')).toMatchObject({ outcome: 'obeyed' })
    const { status } = await until('shop', isAtRest)
    const stable = status?.stable?.revision
    const undone = await asSeen('shop', 'undo')
    expect(undone.message).toMatch(/^revision \w+ is asked for again;/)
    const trial = await until('shop', waitsFor('WaitingForApproval'))
    expect(trial.status?.trials?.[0]?.revision).not.toBe(stable)
    expect(await asSeen('shop', 'abort')).toMatchObject({ outcome: 'obeyed' })
    await until('shop', isAtRest)
    expect(await asSeen('shop', 'restart')).toMatchObject({
      message: 'restarted, as a new revision',
    })
    await until('shop', waitsFor('WaitingForApproval'))
    const { status: last } = await until('shop', ({ status: now }) =>
      ['Undo', 'Restart'].every((word) => now?.decisions?.some(({ action }) => action === word)),
    )
    const said = last?.decisions?.filter(({ reason }) => reason === 'TemplateChanged')
    expect(said).toMatchObject([
      { action: 'Undo', by, revision: stable },
      { action: 'Restart', by },
    ])
  })
})

test('undone after a failure: what is asked for again, and that it is Completed by it', async () => {
  await onTrial('turned')
  await asSeen('turned', 'abort')
  const failed = await until('turned', isAtRest)
  expect(failed.status?.phase).toBe('Failed')
  const stable = failed.status?.stable?.revision ?? ''
  const { body } = await preview('turned', 'undo')
  const again = `revision ${stable} is asked for again; a manifest of Release turned kept elsewhere has to follow`
  expect(body).toMatchObject({
    revision: stable,
    effects: [
      again,
      'no pods and no traffic move',
      expect.stringMatching(`^Completed: .*${stable}`),
    ],
  })
  expect(await asSeen('turned', 'undo')).toMatchObject({ message: again })
  await until('turned', ({ status }) => status?.phase === 'Completed')
})

test('promoted while its metrics hold it: no traffic is promised but by promoting fully', async () => {
  const canary = [{ weight: 20 }, { analysis: ['errors'] }, { weight: 50 }, { pause: {} }]
  const more = { strategy: { canary: { steps: canary } }, analysis: analysis({ interval: '1s' }) }
  await install(stage.cluster, releaseOf('held', '0s', more))
  await until('held', isAtRest)
  await setImage(stage.cluster, 'held', 'shop:v1')
  await until('held', waitsFor('WaitingForMetrics'))
  const { body } = await preview('held', 'promote')
  expect((body as ActionPreview).effects).toEqual([
    'step 2 promoted by you',
    'as long as its metrics hold it (metric errors: nobody answers here) it goes no further; promote fully goes past them',
  ])
  const full = await preview('held', 'promote-full')
  expect((full.body as ActionPreview).effects).toEqual(
    expect.arrayContaining([
      'HTTPRoute held: weight 80/20 → 0/100',
      expect.stringMatching(/^Completed: /),
    ]),
  )
})

test('what cannot be done now is said beforehand, in the words of the engine', async () => {
  await onTrial('calm')
  const path = `/api/v1/releases/headgate/${namespace}/calm`
  const { body } = await dashboard.ask(path, { token })
  const { actions } = body as ReleaseDetail
  const said = Object.fromEntries(actions.map(({ verb, because }) => [verb, because ?? 'yes']))
  expect(said).toEqual({
    ...{ promote: 'yes', 'promote-full': 'yes', pause: 'yes', abort: 'yes', undo: 'yes' },
    resume: 'the release is not paused',
    retry: expect.stringMatching(/nothing of it has failed/),
    restart: 'yes',
  })
  const refused = await preview('calm', 'resume')
  expect([refused.code, refused.text]).toEqual([409, expect.stringMatching(/not paused/)])
})

test('one candidate of several has to be named, and one that is not there is not', async () => {
  const path = `${at('calm', 'promote')}?candidate=nobody`
  const answer = await dashboard.ask(path, { token })
  expect([answer.code, answer.text]).toEqual([
    400,
    expect.stringMatching(/has no candidate nobody/),
  ])
})

test('without a controller it stands, and says so; a second one does not write over it', async () => {
  const { status } = await onTrial('alone')
  await controlled.stop()
  try {
    const seen = { revision: status?.trials?.[0]?.revision ?? '', step: 1 }
    const first = await act('alone', 'promote', seen)
    expect(first.body).toMatchObject({
      outcome: 'asked',
      message: expect.stringMatching(/no controller has answered yet/),
    })
    const second = await act('alone', 'abort', seen)
    expect([second.code, second.text]).toEqual([409, expect.stringMatching(/another command/)])
  } finally {
    controlled = await control(stage.cluster)
  }
  // The controller that comes obeys the one that stands.
  await until('alone', ({ status: now }) => now?.step?.index === 3)
})

test('commanded by somebody else, it is not for people', async () => {
  const more = { actions: { allow: ['abort'], instead: 'experiment 7 of Superposition' } }
  await install(stage.cluster, releaseOf('told', '0s', more))
  await until('told', isAtRest)
  const answer = await preview('told', 'promote')
  expect([answer.code, answer.text]).toEqual([
    409,
    expect.stringMatching(/is for experiment 7 of Superposition/),
  ])
})

test('read-only, nobody acts, and everybody sees why', async () => {
  const shown = await stage.open({ readOnly: true })
  const { status } = await onTrial('shown')
  const body = { revision: status?.trials?.[0]?.revision, step: 1 }
  const answer = await shown.ask(at('shown', 'promote'), { method: 'POST', token, body })
  expect([answer.code, answer.text]).toEqual([403, expect.stringMatching(/only shows/)])
  const detail = await shown.ask(`/api/v1/releases/headgate/${namespace}/shown`, { token })
  const { actions } = detail.body as ReleaseDetail
  expect(actions.filter(({ allowed }) => allowed)).toEqual([])
  const before = await stage.cluster.api.get<Release>(kinds.release, { namespace, name: 'shown' })
  expect(before.metadata.annotations?.['headgate.dev/action']).toBeUndefined()
})

describe('what does not fit', () => {
  const rows: readonly (readonly [string, unknown, number])[] = [
    ['no body', undefined, 400],
    ['no revision', {}, 400],
    ['a step that is text', { revision: 'a', step: '1' }, 400],
    ['something beside', { revision: 'a', by: 'root' }, 400],
    ['a list', [], 400],
    ['a name of a prototype', JSON.parse('{"revision":"a","__proto__":{"x":1}}'), 400],
    ['too much', { revision: 'a'.repeat(100_000) }, 413],
  ]
  for (const [what, body, code] of rows) {
    test(`${what}: ${code}`, async () => {
      const answer = await dashboard.ask(at('calm', 'promote'), { method: 'POST', token, body })
      expect(answer.code).toBe(code)
    })
  }
})
