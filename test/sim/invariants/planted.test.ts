/** Each law is broken on purpose, and has to say so; the same without the fault has to pass. */
import { expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import { httpRoute } from '#test/gen/release.ts'
import { crashPoints } from '../crash-points.ts'
import { testHeader } from '../match-rules.ts'
import { type Cause, changed, type Truth, type Write } from '../truth.ts'
import { aboutOf } from '../wire-request.ts'
import type { Scene } from './invariant.ts'
import { invariants } from './register.ts'
import { secretToken } from './s12.ts'
import {
  cause,
  instant,
  put,
  replicaSet,
  scene,
  service,
  setting,
  shop,
  slice,
  status,
  trial,
  usual,
  verdict,
  writes,
} from './toy.ts'

const rows: readonly (readonly [id: string, what: string, bad: Write, good: Write])[] = [
  [
    'S1',
    'weights that make no hundred',
    writes(usual, httpRoute(70, 25)),
    writes(usual, httpRoute(75, 25)),
  ],
  [
    'S1',
    'a weight that no step names',
    writes(usual, httpRoute(67, 33)),
    writes(usual, httpRoute(0, 100)),
  ],
  [
    'S1',
    'fields of others in the route',
    writes(usual, {
      ...httpRoute(75, 25),
      spec: { ...httpRoute(75, 25).spec, hostnames: ['x'] },
    } as KubeObject),
    writes(usual, httpRoute(75, 25)),
  ],
  [
    'S2',
    'more than the step on record',
    writes(usual, httpRoute(50, 50)),
    writes(usual, httpRoute(75, 25)),
  ],
  [
    'S2',
    'a gain while somebody holds it',
    writes(put(shop(status({ paused: { at: instant(0), by: 'ann' } }))), httpRoute(75, 25)),
    writes(usual, httpRoute(75, 25)),
  ],
  [
    'S3',
    'a weight without its pods',
    writes(put(slice('canary', 'r2', 0)), httpRoute(75, 25)),
    writes(usual, httpRoute(75, 25)),
  ],
  [
    'S3',
    'a selector that points at nothing',
    writes(put(replicaSet('r2', 1, 0), service('canary', 'r1')), service('canary', 'r2')),
    writes(put(service('canary', 'r1')), service('canary', 'r2')),
  ],
  [
    'S4',
    'a selector that leaves its pods under traffic',
    writes(usual, service('stable', 'r2')),
    writes(put(httpRoute(0, 100)), service('stable', 'r2')),
  ],
  [
    'S4',
    'a weight before the selector',
    writes(put(service('canary', 'r1')), httpRoute(75, 25)),
    writes(usual, httpRoute(75, 25)),
  ],
  [
    'S5',
    'pods that go under their traffic',
    writes(put(httpRoute(75, 25)), replicaSet('r2', 0)),
    writes(put(slice('canary', 'r1', 4), service('canary', 'r1')), replicaSet('r2', 0)),
  ],
  [
    'S6',
    'a stable that shrinks',
    writes(usual, replicaSet('r1', 3)),
    writes(usual, replicaSet('r2', 0)),
  ],
  [
    'S7',
    'a pause that is cut short',
    writes(
      put(shop(status({ trials: [trial({ step: 1 })] }))),
      shop(status({ trials: [trial({ step: 2 })] })),
    ),
    writes(
      put(shop(status({ trials: [trial({ step: 1, stepStartedAt: instant(-9_500) })] }))),
      shop(status({ trials: [trial({ step: 2 })] })),
    ),
  ],
  [
    'S7',
    'an open pause that ends by itself',
    writes(
      put(shop(status({ trials: [trial({ step: 2 })] }))),
      shop(status({ trials: [trial({ step: 3 })] })),
    ),
    writes(usual, shop(status({ trials: [trial({ step: 1 })] }))),
  ],
  [
    'S7',
    'another stable without a promotion',
    writes(usual, shop(status({ stable: { revision: 'r2' }, trials: [] }))),
    writes(
      put(shop(status({ trials: [trial({ stage: 'promoting' })] }))),
      shop(status({ stable: { revision: 'r2' }, trials: [] })),
    ),
  ],
  [
    'S7',
    'a good sample that nobody gave',
    writes(
      usual,
      shop(status({ measurements: [{ samples: [{ at: instant(1), verdict: 'passing' }] }] })),
    ),
    writes(
      usual,
      shop(status({ measurements: [{ samples: [{ at: instant(1), verdict: 'error' }] }] })),
    ),
  ],
  [
    'S8',
    'a command that counts twice',
    writes(usual, shop(status({ decisions: [{ actionId: 'c1' }, { actionId: 'c1' }] }))),
    writes(usual, shop(status({ decisions: [{ actionId: 'c1' }, { actionId: 'c2' }] }))),
  ],
  [
    'S9',
    'a workload of somebody else',
    writes(changed(usual, 'releases', 'default/shop', undefined), replicaSet('r2', 2)),
    writes(usual, replicaSet('r2', 2)),
  ],
  [
    'S9',
    'a finalizer of somebody else',
    writes(usual, undefined, 'default/shop-r2'),
    writes(usual, replicaSet('r2', 1)),
  ],
  [
    'S10',
    'a failed revision without a retry',
    writes(put(shop(status({ trials: [], failed: [{ revision: 'r2' }] }))), shop()),
    writes(put(shop(status({ trials: [], failed: [{ revision: 'r3' }] }))), shop()),
  ],
  [
    'S11',
    'a status without bounds',
    writes(usual, shop(status({ x: 'y'.repeat(70_000) }))),
    writes(usual, shop()),
  ],
  [
    'S12',
    'a secret in status',
    writes(usual, shop(status({ x: secretToken }))),
    writes(usual, shop()),
  ],
]

for (const [id, what, bad, good] of rows) {
  test(`${id} notices ${what}`, () => {
    expect(verdict(id, bad)).toBeTypeOf('string')
    expect(verdict(id, good)).toBeUndefined()
  })
}

test('S5 notices pods that go before the gateway has followed', () => {
  const free = put(slice('canary', 'r1', 4), service('canary', 'r1'))
  const write = writes(free, replicaSet('r2', 0))
  expect(verdict('S5', write, { acceptedAt: () => 990 })).toContain('followed')
  expect(verdict('S5', write, { acceptedAt: () => undefined })).toContain('followed')
  expect(verdict('S5', write)).toBeUndefined()
})

test('S12 notices a secret in a log line', () => {
  const s12 = invariants.find(({ id }) => id === 'S12')
  expect(s12?.said?.(`value ${secretToken}`, scene)).toContain('secret')
  expect(s12?.said?.('value', scene)).toBeUndefined()
})

const path = '/apis/apps/v1/namespaces/default/replicasets/shop-r1'
const versioned = (value: string): string =>
  JSON.stringify([{ op: 'test', path: '/metadata/resourceVersion', value }])
const sentRows: readonly (readonly [
  what: string,
  request: Partial<Cause>,
  problem: string | undefined,
])[] = [
  ['a patch without a precondition', { body: '[{"op":"replace"}]' }, 'no precondition'],
  ['a deletion without a uid', { method: 'DELETE', body: '{}' }, 'names no uid'],
  ['a decision older than its own last write', { body: versioned('1049') }, 'older than its own'],
  ['a write after another leads', { body: versioned('1050') }, 'after another leads'],
  ['a write while it leads', { body: versioned('1050'), issuedAt: 400 }, undefined],
]
for (const [what, request, problem] of sentRows) {
  test(`S8 ${problem === undefined ? 'lets pass' : 'notices'} ${what}`, () => {
    const asked = { ...cause, path, ...request }
    const about = aboutOf({ method: asked.method as 'PATCH', path, headers: {} })
    const said = invariants.find(({ id }) => id === 'S8')?.sent?.(asked, about, scene)
    if (problem === undefined) expect(said).toBeUndefined()
    else expect(said).toContain(problem)
  })
}

test('every write of ours is a place where a process can die', () => {
  expect(new Set(crashPoints).size).toBe(crashPoints.length)
})

const colours: Partial<Scene> = { setting: { ...setting, strategy: 'blueGreen' } }

test('F notices a selector that turns twice in one promotion', () => {
  const scenery = { ...colours, notes: new Map<string, number>() }
  const turn = writes(usual, service('stable', 'r2'))
  expect(verdict('F', turn, scenery)).toBeUndefined()
  expect(verdict('F', turn, scenery)).toContain('2 times')
})

test('F notices the old colour going while it is the way back', () => {
  const back = (until: number): Truth =>
    put(shop(status({ trials: [], previous: { revision: 'r1', until: instant(until) } })))
  expect(verdict('F', writes(back(20_000), replicaSet('r1', 0)), colours)).toContain('way back')
  expect(verdict('F', writes(back(500), replicaSet('r1', 0)), colours)).toBeUndefined()
})

test('F notices bad samples that are forgotten', () => {
  const judged = (bad: number): KubeObject =>
    shop(status({ measurements: [{ metric: 'errors', revision: 'r2', bad }] }))
  expect(verdict('F', writes(put(judged(2)), judged(1)))).toContain('bad samples')
  expect(verdict('F', writes(put(judged(1)), judged(2)))).toBeUndefined()
})

test('behind one Service pods are the share: S2 counts those that come, S5 those that are left', () => {
  const pooled: Partial<Scene> = { setting: { ...setting, router: 'service' } }
  const open = { ...service('stable', ''), spec: { selector: { app: 'shop' } } } as KubeObject
  const shared = put(open, slice('stable', 'r1', 4))
  expect(verdict('S2', writes(shared, replicaSet('r2', 2)), pooled)).toContain('2 pods, of 1')
  expect(verdict('S2', writes(shared, replicaSet('r2', 1)), pooled)).toBeUndefined()
  expect(verdict('S5', writes(shared, replicaSet('r1', 2)), pooled)).toContain('too few')
  expect(verdict('S5', writes(shared, replicaSet('r2', 0)), pooled)).toBeUndefined()
})

const tester = { type: 'Exact', name: testHeader.name, value: testHeader.value }

/** The route with a rule of ours at a place among its own. */
function ruled(at: number): KubeObject {
  const route = httpRoute(100, 0)
  const rule = {
    matches: [{ path: { type: 'PathPrefix', value: '/' }, headers: [tester] }],
    backendRefs: [{ name: 'shop-canary', port: 80, weight: 100 }],
  }
  const rules = (route.spec.rules ?? []).toSpliced(at, 0, rule as never)
  return { ...route, spec: { ...route.spec, rules } } as KubeObject
}

test('R notices rules by match that nobody is on trial for, that lead nowhere, or that stand too low', () => {
  const home = put(shop(status({ trials: [] })))
  expect(verdict('R', writes(usual, ruled(0)))).toBeUndefined()
  expect(verdict('R', writes(home, ruled(0)))).toContain('nobody on trial')
  expect(verdict('R', writes(put(slice('canary', 'r2', 0)), ruled(0)))).toContain('lists nobody')
  expect(verdict('R', writes(usual, ruled(1)))).toContain('below the split')
})

const named = { name: 'shop', namespace: 'default' }
const split = { route: [{ destination: { host: 'shop-stable' }, weight: 100 }] }
const toCanary = {
  match: [{ headers: { [testHeader.name]: { exact: testHeader.value } } }],
  route: [{ destination: { host: 'shop-canary' } }],
}
const virtual = (...http: readonly object[]): KubeObject =>
  ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: named,
    spec: { http },
  }) as KubeObject

const toCanaryPath = {
  path: '/',
  backend: { service: { name: 'shop-canary', port: { number: 80 } } },
}
const canaryByHeader = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: {
    ...named,
    name: 'shop-canary',
    annotations: { 'nginx.ingress.kubernetes.io/canary-by-header': testHeader.name },
  },
  spec: { rules: [{ http: { paths: [toCanaryPath] } }] },
} as KubeObject

test('R reads the rules of Istio and of ingress-nginx as well', () => {
  const home = put(shop(status({ trials: [] })))
  const istio = { setting: { ...setting, router: 'istio' } }
  expect(verdict('R', writes(usual, virtual(toCanary, split)), istio)).toBeUndefined()
  expect(verdict('R', writes(home, virtual(toCanary, split)), istio)).toContain('nobody on trial')
  expect(verdict('R', writes(usual, virtual(split, toCanary)), istio)).toContain('below the split')
  const nginx = { setting: { ...setting, router: 'nginx' } }
  expect(verdict('R', writes(usual, canaryByHeader), nginx)).toBeUndefined()
  expect(verdict('R', writes(home, canaryByHeader), nginx)).toContain('nobody on trial')
})

test('R notices another revision under a rule, and pods that go while a rule sends to them', () => {
  const under = put(ruled(0))
  expect(verdict('R', writes(under, service('canary', 'r1')))).toContain('turns from r2')
  expect(verdict('R', writes(usual, service('canary', 'r1')))).toBeUndefined()
  expect(verdict('R', writes(under, replicaSet('r2', 0)))).toContain('while a rule')
  expect(verdict('R', writes(usual, replicaSet('r2', 0)))).toBeUndefined()
})
