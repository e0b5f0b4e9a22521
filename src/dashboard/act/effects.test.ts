/** Plans as sentences: to the next stop, without what is only on the way, and without what may be secret. */
import { expect, test } from 'vitest'
import type { Plan, PlanStep } from '#releases/plan/plan.ts'
import { effectsOf } from './effects.ts'

type StepBody = PlanStep extends infer One
  ? One extends PlanStep
    ? Omit<One, 'afterMs'>
    : never
  : never

function plan(steps: readonly StepBody[], more: Partial<Plan> = {}): Plan {
  return {
    ...{ door: 'headgate', namespace: 'default', name: 'shop', verdict: 'planned' },
    steps: steps.map((step) => ({ afterMs: 0, ...step }) as PlanStep),
    ...{ gates: [], expectedMs: 0, openWaits: 0, refused: [], assumed: [], leftOut: [] },
    end: { phase: 'Completed', reason: 'Serving', message: 'r2 serves' },
    ...more,
  }
}

const wait = (reason: string, durationMs: number | 'open', message = reason): StepBody => ({
  ...{ kind: 'wait', reason, message, durationMs },
})
const patch = (object: string, ...changes: readonly [string, unknown, unknown][]): StepBody => ({
  ...{ kind: 'write', verb: 'patch', object },
  changes: changes.map(([path, from, to]) => ({ path, from, to })),
})
const said = (message: string): StepBody => ({ kind: 'transition', action: 'Promote', message })
const weight = 'spec.rules[0].backendRefs[0].weight'

const rows: readonly (readonly [string, Plan, readonly string[]])[] = [
  [
    'it ends where somebody or time is waited for; what follows is not told',
    plan([
      said('step 2 promoted'),
      patch('HTTPRoute shop', [weight, 80, 40]),
      wait('Settling', 3000),
      said('step 3 is done'),
      wait('WaitingForPause', 300_000, 'step 4 waits for 5m'),
      said('step 4 is done'),
    ]),
    [
      ...['step 2 promoted', 'HTTPRoute shop: weight 80 → 40', 'step 3 is done'],
      'then it waits for 5m: step 4 waits for 5m',
    ],
  ],
  [
    'without a stop, the end is told',
    plan([said('promoted past all steps'), wait('Settling', 3000)]),
    ['promoted past all steps', 'Completed: r2 serves'],
  ],
  [
    'what comes and goes is told by its name',
    plan([
      { kind: 'write', verb: 'create', object: 'ReplicaSet shop-b', changes: [] },
      { kind: 'write', verb: 'delete', object: 'ReplicaSet shop-a', changes: [] },
    ]),
    ['ReplicaSet shop-b is created', 'ReplicaSet shop-a is deleted', 'Completed: r2 serves'],
  ],
  [
    'of templates, variables and annotations nothing is told',
    plan([
      patch(
        'Deployment shop',
        ['spec.template.spec.containers[0].env[0].value', 'old secret', 'new secret'],
        ['spec.replicas', 2, 3],
        ['metadata.annotations."a/b"', 'x', 'y'],
      ),
      patch('Deployment cart', ['spec.template.spec.containers[0].image', 'a', 'b']),
    ]),
    ['Deployment shop: replicas 2 → 3', 'Deployment cart is changed', 'Completed: r2 serves'],
  ],
  ['nothing is nothing', plan([], { verdict: 'unchanged' }), ['nothing would change']],
  [
    'where only the phase changes, that is said',
    plan([]),
    ['no pods and no traffic move', 'Completed: r2 serves'],
  ],
  [
    'a wait is told in whole seconds, shorter ones as they are',
    plan([wait('WaitingForAnalysis', 38_963, 'metric errors has 1 of 3')]),
    ['then it waits for 39s: metric errors has 1 of 3'],
  ],
  [
    'less than a second stays less',
    plan([wait('WaitingForAnalysis', 155, 'soon')]),
    ['then it waits for 155ms: soon'],
  ],
  [
    'who ends a wait is said once',
    plan([wait('WaitingForGate', 'open', 'gate approval waits until somebody promotes')]),
    ['then it waits: gate approval waits until somebody promotes'],
  ],
  [
    'of an open wait that does not say it, it is said that somebody has to act',
    plan([wait('WaitingForApproval', 'open', 'b beats stable')]),
    ['then it waits until somebody acts: b beats stable'],
  ],
  [
    'what its metrics hold is promised nothing',
    plan([
      said('step 2 promoted'),
      wait('WaitingForMetrics', 3155, 'metric errors: the query matched no series'),
      patch('HTTPRoute shop', [weight, 80, 50]),
    ]),
    [
      'step 2 promoted',
      'as long as its metrics hold it (metric errors: the query matched no series) it goes no further',
    ],
  ],
  [
    'what stands in the way is told; an end that was asked for does not',
    plan([said('aborted')], {
      refused: [
        { what: 'Aborted', message: 'turned back' },
        { what: 'RouteMissing', message: 'HTTPRoute shop is missing' },
      ],
      end: { phase: 'Failed', reason: 'Aborted', message: 'turned back' },
    }),
    ['aborted', 'Failed: turned back', 'in the way: HTTPRoute shop is missing'],
  ],
]

for (const [name, given, wanted] of rows) {
  test(name, () => expect(effectsOf(given)).toEqual(wanted))
}

test('what the action itself writes comes first, also where nothing follows from it', () => {
  const first = ['revision r1 is asked for again']
  const unchanged = plan([], { verdict: 'unchanged' })
  expect(effectsOf(unchanged, { first })).toEqual([...first, 'nothing else would change'])
  expect(effectsOf(plan([]), { first })).toEqual([
    ...first,
    'no pods and no traffic move',
    'Completed: r2 serves',
  ])
})

test('past its metrics goes who may promote fully', () => {
  const held = plan([wait('WaitingForMetrics', 1000, 'metric errors: nothing')])
  expect(effectsOf(held, { passable: true })).toEqual([
    'as long as its metrics hold it (metric errors: nothing) it goes no further; promote fully goes past them',
  ])
})

test('a long way is cut', () => {
  const many = Array.from({ length: 30 }, (_, index) => said(`sentence ${index}`))
  const effects = effectsOf(plan(many))
  expect(effects).toHaveLength(12)
  expect(effects.at(-1)).toBe('and 20 more')
})
