/** Gates: whom they ask and when, what answers are worth, and what it all comes to. */
import { describe, expect, test } from 'vitest'
import type { GateAsk } from '../decision.ts'
import type { HttpAnswer } from '../http-ask.ts'
import type { ApprovalGate, GateSpec, GateState, HealthGate, WebhookGate } from '../model/gate.ts'
import type { DecisionRecord } from '../model/notebook.ts'
import type { GateAnswer, PodSeen } from '../observed.ts'
import { type GateSubject, type GateView, scopeOf } from './gate.ts'
import { healthPort } from './health.ts'
import { gateAsks, gatesOutcome, takeReplies } from './register.ts'

const since = 1_000_000
const subject: GateSubject = {
  namespace: 'default',
  release: 'shop',
  uid: 'u1',
  strategy: 'canary',
  role: 'canary',
  revision: 'r2',
  step: 1,
  weight: 20,
  phase: 'Progressing',
}
const pod = (name: string): PodSeen => ({ name, ip: '10.0.0.1', ready: true })
const pods = [pod('a'), pod('b')]

function view(changes: Partial<GateView> = {}): GateView {
  const scope = scopeOf(subject, since)
  return {
    scope,
    since,
    now: since,
    subject,
    pods,
    replicas: 2,
    replies: [],
    decisions: [],
    ...changes,
  }
}

function health(changes: Partial<HealthGate> = {}): HealthGate {
  return {
    kind: 'health',
    name: 'well',
    type: 'probe',
    path: 'health',
    port: 8080,
    method: 'get-or-post',
    replicas: 2,
    intervalMs: 1000,
    limitMs: 60_000,
    ...changes,
  }
}

function webhook(changes: Partial<WebhookGate> = {}): WebhookGate {
  return {
    kind: 'webhook',
    name: 'hook',
    url: 'http://hook.ops.svc/release',
    headers: { 'x-team': 'shop' },
    secret: 'hook-token',
    caBundle: undefined,
    intervalMs: 30_000,
    limitMs: undefined,
    onError: 'hold',
    consecutiveErrors: 2,
    ...changes,
  }
}

const ok = (body = '{"healthy":true}', status = 200): HttpAnswer => ({
  kind: 'answer',
  status,
  body,
})
const down: HttpAnswer = { kind: 'failed', message: 'connection refused' }

/** Asks and answers until nothing is due at this instant; gives what is known then. */
function play(
  spec: GateSpec,
  answer: (ask: GateAsk) => HttpAnswer | undefined,
  given: GateView = view(),
): { readonly asked: readonly GateAsk[]; readonly state: GateState; readonly view: GateView } {
  let state: GateState = { scope: given.scope, replies: given.replies }
  const asked: GateAsk[] = []
  for (let turn = 0; turn < 5; turn += 1) {
    const asks = gateAsks([spec], { ...given, replies: state.replies })
    asked.push(...asks)
    const answers = asks.flatMap((ask): GateAnswer[] => {
      const found = answer(ask)
      const { ask: _ask, ...question } = ask
      return found === undefined ? [] : [{ ...question, returnedAt: given.now, answer: found }]
    })
    if (answers.length === 0) break
    state = takeReplies([spec], given, state, answers)
  }
  return { asked, state, view: { ...given, replies: state.replies } }
}

function verdict(spec: GateSpec, answer: HttpAnswer, given?: GateView): string {
  return gatesOutcome([spec], play(spec, () => answer, given).view).verdict
}

describe('health', () => {
  test('each pod is asked at its port and path, with a leading slash or without (A48)', () => {
    for (const path of ['health', '/health']) {
      const { asked } = play(health({ path }), () => undefined)
      expect(asked.map(({ ask, target }) => [target, ask.kind === 'pod' ? ask.pod : ask])).toEqual([
        ['a', { namespace: 'default', name: 'a', ip: '10.0.0.1', port: 8080, path: '/health' }],
        ['b', { namespace: 'default', name: 'b', ip: '10.0.0.1', port: 8080, path: '/health' }],
      ])
    }
  })

  const probe = [
    ['healthy', ok('{"healthy":true}'), 'passing'],
    ['healthy with other fields', ok('{"checks":[1],"healthy":true,"a":null}'), 'passing'],
    ['healthy with 299', ok('{"healthy":true}', 299), 'passing'],
    ['not healthy', ok('{"healthy":false}'), 'needMoreData'],
    ['healthy as a text', ok('{"healthy":"true"}'), 'needMoreData'],
    ['healthy as a number', ok('{"healthy":1}'), 'needMoreData'],
    ['healthy in a list', ok('[{"healthy":true}]'), 'needMoreData'],
    ['no member', ok('{}'), 'needMoreData'],
    ['null', ok('null'), 'needMoreData'],
    ['no JSON', ok('fine'), 'needMoreData'],
    ['nothing', ok(''), 'needMoreData'],
    ['healthy with 500', ok('{"healthy":true}', 500), 'needMoreData'],
    ['healthy with 302', ok('{"healthy":true}', 302), 'needMoreData'],
    ['no answer', down, 'error'],
  ] as const
  for (const [name, answer, expected] of probe)
    test(`a probe that answers ${name}: ${expected} (A49)`, () =>
      expect(verdict(health(), answer)).toBe(expected))

  const simple = [
    [200, 'passing'],
    [204, 'passing'],
    [299, 'passing'],
    [199, 'needMoreData'],
    [301, 'needMoreData'],
    [404, 'needMoreData'],
    [500, 'needMoreData'],
  ] as const
  for (const [status, expected] of simple)
    test(`a simple check that answers ${status}: ${expected} (A50)`, () =>
      expect(verdict(health({ type: 'simple' }), ok('anything', status))).toBe(expected))

  test('who does not take GET is asked with POST at once, and only with POST from then on (A49)', () => {
    for (const status of [404, 405]) {
      const { asked, view: after } = play(health(), ({ method }) =>
        method === 'GET' ? ok('', status) : ok(),
      )
      expect(asked.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST', 'POST'])
      expect(new Set(asked.map(({ id }) => id)).size).toBe(4)
      expect(gatesOutcome([health()], after).verdict).toBe('passing')
      const later = gateAsks([health()], { ...after, now: since + 1000 })
      expect(later.map(({ method }) => method)).toEqual(['POST', 'POST'])
    }
  })

  test('who takes neither is told as it answered, and asked again after an interval', () => {
    const { asked, view: after } = play(health(), () => ok('', 404))
    expect(asked).toHaveLength(4)
    expect(gatesOutcome([health()], after)).toMatchObject({
      verdict: 'needMoreData',
      message: 'gate well: 0 of 2 pods are healthy; pod a answered 404',
      until: since + 1000,
    })
  })

  const methods = [
    ['get', ['GET', 'GET']],
    ['post', ['POST', 'POST']],
  ] as const
  for (const [method, expected] of methods)
    test(`asks with ${method} alone where that is wanted`, () => {
      const { asked } = play(health({ method }), () => ok('', 405))
      expect(asked.map((ask) => ask.method)).toEqual(expected)
    })

  test('is asked at intervals (A51)', () => {
    const { view: after } = play(health(), () => ok('{"healthy":false}'))
    expect(gateAsks([health()], { ...after, now: since + 999 })).toEqual([])
    expect(gateAsks([health()], { ...after, now: since + 1000 })).toHaveLength(2)
  })

  const counted = [
    ['all of as many as are wanted', pods, 'passing'],
    ['fewer than are wanted', [pod('a')], 'needMoreData'],
    ['none at all', [], 'needMoreData'],
    ['more than are wanted, all well', [...pods, pod('c')], 'passing'],
  ] as const
  for (const [name, there, expected] of counted)
    test(`${name}: ${expected}`, () =>
      expect(verdict(health(), ok(), view({ pods: there }))).toBe(expected))

  test('one ill pod among enough that are well is not passing', () => {
    const { view: after } = play(
      health(),
      ({ target }) => (target === 'c' ? ok('{"healthy":false}') : ok()),
      view({ pods: [...pods, pod('c')] }),
    )
    expect(gatesOutcome([health()], after)).toMatchObject({
      verdict: 'needMoreData',
      message: 'gate well: 2 of 2 pods are healthy; pod c says that it is not healthy',
    })
  })

  test('a pod that is gone is forgotten, and one that came is asked', () => {
    const { state } = play(health(), () => ok())
    const now = view({ pods: [pod('b'), pod('c')] })
    const kept = takeReplies([health()], now, state, [])
    expect(kept.replies.map(({ target }) => target)).toEqual(['b'])
    const asks = gateAsks([health()], { ...now, replies: kept.replies })
    expect(asks.map(({ target }) => target)).toEqual(['c'])
    expect(gatesOutcome([health()], { ...now, replies: kept.replies }).verdict).toBe('needMoreData')
  })

  test('it fails when its time is over, and says which pod is why (A51)', () => {
    const { view: after } = play(health(), () => ok('{"healthy":false}'))
    expect(gatesOutcome([health()], { ...after, now: since + 59_999 }).verdict).toBe('needMoreData')
    expect(gatesOutcome([health()], { ...after, now: since + 60_000 })).toMatchObject({
      verdict: 'failing',
      message: 'gate well did not pass within 60 s; pod a says that it is not healthy',
    })
    const forever = health({ limitMs: undefined })
    expect(gatesOutcome([forever], { ...after, now: since + 1e9 }).verdict).toBe('needMoreData')
  })

  const ports = [
    ['what is written', [{ containerPort: 80 }], 7000, 7000],
    ['none: 9999', [], undefined, 9999],
    ['the only one, whatever its name', [{ name: 'web', containerPort: 80 }], undefined, 80],
    [
      'of several the one named healthcheck',
      [{ containerPort: 80 }, { name: 'healthcheck', containerPort: 81 }],
      undefined,
      81,
    ],
    [
      'of several without that name the first',
      [{ containerPort: 80 }, { name: 'b', containerPort: 81 }],
      undefined,
      80,
    ],
  ] as const
  for (const [name, given, written, port] of ports)
    test(`the port is ${name} (A47)`, () => {
      const template = { spec: { containers: [{ name: 'app', ports: given }] } }
      expect(healthPort(template, written)).toBe(port)
    })
})

describe('webhook', () => {
  test('is told where the release stands, by POST, with an id that stays as long as the step does', () => {
    const ask = gateAsks([webhook()], view())[0]?.ask
    if (ask?.kind !== 'url') throw new Error('a webhook is asked at an address')
    expect(ask).toMatchObject({
      method: 'POST',
      url: 'http://hook.ops.svc/release',
      headers: { 'x-team': 'shop', 'content-type': 'application/json' },
      secret: { namespace: 'default', name: 'hook-token' },
      timeoutMs: 10_000,
      maxBytes: 1_048_576,
    })
    const { view: after } = play(webhook(), () => ok('{"verdict":"hold"}'))
    const later = gateAsks([webhook()], { ...after, now: since + 30_000 })[0]?.ask
    expect(later).toEqual(ask)
    expect(JSON.parse(ask.body ?? '')).toEqual({
      id: 'u1/canary/r2/1/1000000',
      gate: 'hook',
      ...subject,
    })
  })

  const answers = [
    ['pass', ok('{"verdict":"pass"}'), 'passing'],
    ['pass with other members', ok('{"verdict":"pass","by":"x"}', 201), 'passing'],
    ['hold', ok('{"verdict":"hold"}'), 'needMoreData'],
    ['fail', ok('{"verdict":"fail"}'), 'failing'],
    ['another word', ok('{"verdict":"CANARY"}'), 'error'],
    ['a word that every object has', ok('{"verdict":"constructor"}'), 'error'],
    ['true', ok('{"verdict":true}'), 'error'],
    ['no JSON', ok('CANARY'), 'error'],
    ['nothing', ok('', 204), 'error'],
    ['pass with 500', ok('{"verdict":"pass"}', 500), 'error'],
    ['pass with 302', ok('{"verdict":"pass"}', 302), 'error'],
    ['no answer', down, 'error'],
  ] as const
  for (const [name, answer, expected] of answers)
    test(`that answers ${name}: ${expected}; nothing of the body is told`, () => {
      const { view: after } = play(webhook(), () => answer)
      const outcome = gatesOutcome([webhook()], after)
      expect(outcome.verdict).toBe(expected)
      expect(JSON.stringify(outcome)).not.toContain('CANARY')
    })

  const policies = [
    ['hold', 'error'],
    ['continue', 'passing'],
    ['rollback', 'failing'],
  ] as const
  for (const [onError, expected] of policies)
    test(`an outage means ${expected} under ${onError}, from the second error in a row`, () => {
      const spec = webhook({ onError })
      const first = play(spec, () => down)
      expect(gatesOutcome([spec], first.view)).toMatchObject({
        verdict: 'error',
        message: 'gate hook connection refused',
        until: since + 30_000,
      })
      const second = play(spec, () => down, { ...first.view, now: since + 30_000 })
      expect(gatesOutcome([spec], second.view).verdict).toBe(expected)
    })

  test('errors with a good word between are not in a row', () => {
    const spec = webhook({ onError: 'rollback' })
    const words = [down, ok('{"verdict":"hold"}'), down]
    let now = view()
    for (const [index, word] of words.entries())
      now = play(spec, () => word, { ...now, now: since + index * 30_000 }).view
    expect(gatesOutcome([spec], now).verdict).toBe('error')
  })

  test('what it said for good is not asked again in this step', () => {
    for (const word of ['pass', 'fail']) {
      const { view: after } = play(webhook(), () => ok(`{"verdict":"${word}"}`))
      expect(gateAsks([webhook()], { ...after, now: since + 1e9 })).toEqual([])
    }
  })

  test('with a limit it fails when that is over without a word', () => {
    const spec = webhook({ limitMs: 5000 })
    expect(gatesOutcome([spec], view()).until).toBe(since + 5000)
    expect(gatesOutcome([spec], view({ now: since + 5000 })).verdict).toBe('failing')
  })
})

describe('approval', () => {
  const approval: ApprovalGate = { kind: 'approval', name: 'go' }
  const record = (changes: Partial<DecisionRecord> = {}): DecisionRecord => ({
    at: since + 5,
    action: 'Promote',
    reason: 'StepCompleted',
    message: '',
    revision: 'r2',
    step: 1,
    by: 'ann',
    actionId: 'x',
    ...changes,
  })
  const rows = [
    ['nobody', [], 'needMoreData', undefined],
    ['a person', [record()], 'passing', 'ann'],
    ['a person, past all steps', [record({ action: 'PromoteFull' })], 'passing', 'ann'],
    ['a person, for another revision', [record({ revision: 'r1' })], 'needMoreData', undefined],
    ['a person, for another step', [record({ step: 0 })], 'needMoreData', undefined],
    ['a person, in an earlier trial', [record({ at: since - 1 })], 'needMoreData', undefined],
    ['a refusal', [record({ action: 'Refuse' })], 'needMoreData', undefined],
  ] as const
  for (const [name, decisions, expected, by] of rows)
    test(`by ${name}: ${expected}`, () => {
      const outcome = gatesOutcome([approval], view({ decisions }))
      expect([outcome.verdict, outcome.by]).toEqual([expected, by])
    })

  test('asks nobody', () => expect(gateAsks([approval], view())).toEqual([]))
})

describe('all gates of a step', () => {
  const specs = [health(), webhook(), { kind: 'approval', name: 'go' }] as const

  test('none at all let pass', () =>
    expect(gatesOutcome([], view())).toMatchObject({ verdict: 'passing' }))

  test('a refusal counts before waiting', () => {
    const { view: after } = play(webhook(), () => ok('{"verdict":"fail"}'))
    expect(gatesOutcome(specs, after)).toMatchObject({
      verdict: 'failing',
      message: 'gate hook refuses it',
    })
  })

  test('the first that waits is told, and the earliest instant of all', () => {
    expect(gatesOutcome(specs, view({ now: since + 1 }))).toMatchObject({
      message: 'gate well: 0 of 2 pods are healthy',
      until: since + 60_000,
    })
  })
})

describe('answers', () => {
  const answer = (changes: Partial<GateAnswer> = {}): GateAnswer => ({
    id: 'i',
    gate: 'well',
    target: 'a',
    scope: view().scope,
    method: 'GET',
    at: since,
    returnedAt: since,
    answer: ok(),
    ...changes,
  })
  const take = (...answers: readonly GateAnswer[]): readonly string[] =>
    takeReplies([health()], view(), undefined, answers).replies.map(
      (reply) => `${reply.target} ${reply.verdict}`,
    )

  test('of another step, pod or gate count nothing', () => {
    expect(take(answer({ scope: 'u1/canary/r1/0/0' }))).toEqual([])
    expect(take(answer({ target: 'z' }))).toEqual([])
    expect(take(answer({ gate: 'other' }))).toEqual([])
  })

  test('that come late do not undo newer ones', () => {
    const bad = { ...answer({ answer: ok('{"healthy":false}'), at: since + 1000 }) }
    expect(take(bad, answer())).toEqual(['a failing'])
    expect(take(answer(), bad)).toEqual(['a failing'])
  })

  test('of an earlier scope are forgotten', () => {
    const state = { ...takeReplies([health()], view(), undefined, [answer()]), scope: 'other' }
    expect(takeReplies([health()], view(), state, []).replies).toEqual([])
  })

  test('are kept short, whatever they hold', () => {
    const long = answer({ answer: ok('x'.repeat(1_000_000)) })
    const [reply] = takeReplies([health()], view(), undefined, [long]).replies
    expect(reply?.body.length).toBe(1024)
    const [failed] = takeReplies([health()], view(), undefined, [
      answer({ answer: { kind: 'failed', message: 'y'.repeat(5000) } }),
    ]).replies
    expect(failed?.message.length).toBe(160)
  })
})
