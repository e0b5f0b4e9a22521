/** Questions of a decision: each is performed once, and what comes back belongs to it. */
import { expect, test } from 'vitest'
import type { Decision, GateAsk, MeasureAsk } from '#core/decision.ts'
import type { HttpAnswer, HttpAsk, UrlAsk } from '#core/http-ask.ts'
import { measure } from './measure.ts'
import { emptyState, type KeyState } from './state.ts'

const url = (path: string): UrlAsk => ({
  kind: 'url',
  method: 'GET',
  url: `http://p.m.svc/${path}`,
  headers: {},
  body: undefined,
  secret: undefined,
  caBundle: undefined,
  timeoutMs: 1,
  maxBytes: 1,
})
const question: MeasureAsk = {
  id: 'm1',
  role: 'canary',
  metric: 'errors',
  revision: 'r2',
  at: 5,
  ask: url('value'),
}
const gate: GateAsk = {
  id: 'g1',
  gate: 'well',
  target: 'p-1',
  scope: 's',
  method: 'GET',
  at: 5,
  ask: url('gate'),
}

/** Performs nothing before it is told to. */
function stage(): {
  readonly state: KeyState
  readonly asked: string[]
  readonly passes: () => number
  readonly run: (wanted: Pick<Decision, 'measure' | 'asks'>) => void
  readonly finish: () => Promise<void>
} {
  const state = emptyState()
  const asked: string[] = []
  const open: (() => void)[] = []
  let passes = 0
  const ask = (wanted: HttpAsk): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const path = wanted.kind === 'url' ? new URL(wanted.url).pathname : wanted.pod.path
      asked.push(path)
      open.push(() =>
        path === '/broken'
          ? reject(new Error('CANARY'))
          : resolve({ kind: 'answer', status: 200, body: path }),
      )
    })
  return {
    state,
    asked,
    passes: () => passes,
    run: (wanted) =>
      measure({ ask, now: () => 9 }, state, wanted as Decision, () => {
        passes += 1
      }),
    finish: async () => {
      for (const end of open.splice(0)) end()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('what is under way is not asked again; afterwards it may be', async () => {
  const { run, finish, asked, state } = stage()
  run({ measure: [question], asks: [gate] })
  run({ measure: [question], asks: [gate] })
  expect(asked).toEqual(['/value', '/gate'])
  await finish()
  expect(state.asked.size).toBe(0)
  run({ measure: [question], asks: [] })
  expect(asked).toHaveLength(3)
})

test('answers bear what was asked, and each wakes the release', async () => {
  const { run, finish, state, passes } = stage()
  run({ measure: [question], asks: [gate] })
  await finish()
  const answer = { kind: 'answer', status: 200 } as const
  const { ask: _value, ...measured } = question
  const { ask: _gate, ...asked } = gate
  expect(state.answers).toEqual([
    { ...measured, returnedAt: 9, answer: { ...answer, body: '/value' } },
  ])
  expect(state.replies).toEqual([{ ...asked, returnedAt: 9, answer: { ...answer, body: '/gate' } }])
  expect(passes()).toBe(2)
})

test('companions are asked at the same time and come back together', async () => {
  const { run, finish, asked, state, passes } = stage()
  const companions = { count: url('count'), stable: url('broken') }
  run({ measure: [{ ...question, companions }], asks: [] })
  expect(asked).toEqual(['/value', '/count', '/broken'])
  await finish()
  expect(state.answers).toMatchObject([
    {
      answer: { body: '/value' },
      companions: {
        count: { kind: 'answer', body: '/count' },
        stable: { kind: 'failed', message: 'the request failed' },
      },
    },
  ])
  expect(passes()).toBe(1)
})
