/** The suite of all routers for each one in the register, and what is special to each. */
import { describe, expect, test } from 'vitest'
import type { ParentRef, RouteParentStatus } from '../k8s/gateway-api.ts'
import {
  backend,
  both,
  condition,
  gatewayApi,
  generation,
  grpc,
  objects,
  ours,
  parent,
  route,
  withRefs,
} from './gateway-api.suite.ts'
import { istio } from './istio.suite.ts'
import { nginx } from './nginx.suite.ts'
import { routerNames, routers } from './register.ts'
import type { Acceptance, Router } from './router.ts'
import { appOn, type RouterFixture, routerSuite, written } from './traffic.suite.ts'

const app = appOn('gateway-api')

const fixtures: Readonly<Record<string, RouterFixture>> = {
  'gateway-api': gatewayApi,
  grpc,
  nginx,
  istio,
}

test('every router of the register runs the suite', () => {
  // Plain Services have no object that weights could be written to; without a route there is nothing to write at all.
  expect([...Object.keys(fixtures), 'none', 'service'].sort()).toEqual([...routerNames].sort())
})

for (const [name, fixture] of Object.entries(fixtures))
  routerSuite(routers[name] as Router, fixture)

const { read, render, ports } = routers['gateway-api'] as Router

function acceptance(
  parents: readonly RouteParentStatus[],
  parentRefs?: readonly ParentRef[],
): Acceptance {
  const found = read(
    app,
    objects(route(parentRefs === undefined ? {} : { parentRefs }, { parents })),
    {},
  )
  if (found.kind !== 'read') throw new Error(found.kind)
  return found.acceptance
}

describe('what a gateway says of a route', () => {
  const two: readonly ParentRef[] = [{ name: 'gateway' }, { name: 'other' }]
  const stale = both({ observedGeneration: generation - 1 })
  const rows = [
    ['nothing', [], undefined, 'waiting', '0 of 1 gateways have taken up'],
    [
      'no conditions',
      [parent({ conditions: [] })],
      undefined,
      'waiting',
      'gateway gateway has not yet reported Accepted',
    ],
    [
      'accepted alone',
      [parent({ conditions: [condition('Accepted')] })],
      undefined,
      'waiting',
      'has not yet reported ResolvedRefs',
    ],
    [
      'both for an older generation',
      [parent({ conditions: stale })],
      undefined,
      'waiting',
      'has not yet reported Accepted',
    ],
    [
      'both without a generation',
      [parent({ conditions: both().map(({ observedGeneration: _none, ...rest }) => rest) })],
      undefined,
      'waiting',
      'not yet reported',
    ],
    [
      'not accepted',
      [
        parent({
          conditions: [
            condition('Accepted', { status: 'False', reason: 'NotAllowedByListeners' }),
            condition('ResolvedRefs'),
          ],
        }),
      ],
      undefined,
      'refused',
      'gateway gateway reports Accepted=False (NotAllowedByListeners)',
    ],
    [
      'unresolved',
      [
        parent({
          conditions: [
            condition('Accepted'),
            condition('ResolvedRefs', { status: 'False', reason: 'BackendNotFound' }),
          ],
        }),
      ],
      undefined,
      'refused',
      'reports ResolvedRefs=False (BackendNotFound)',
    ],
    [
      'unknown',
      [
        parent({
          conditions: [
            condition('Accepted', { status: 'Unknown', reason: 'Pending' }),
            condition('ResolvedRefs'),
          ],
        }),
      ],
      undefined,
      'refused',
      'Accepted=Unknown (Pending)',
    ],
    ['both', [parent()], undefined, 'accepted', ''],
    ['one of two gateways', [parent()], two, 'waiting', '1 of 2 gateways'],
    ['two gateways', [parent(), parent({ parentRef: { name: 'other' } })], two, 'accepted', ''],
    [
      'one of two late',
      [parent(), parent({ parentRef: { name: 'other' }, conditions: stale })],
      two,
      'waiting',
      'gateway other has not yet reported',
    ],
    [
      'one of two refused',
      [
        parent(),
        parent({
          parentRef: { name: 'other' },
          conditions: both({ status: 'False', reason: 'No' }),
        }),
      ],
      two,
      'refused',
      'gateway other reports Accepted=False',
    ],
    [
      'the same with defaults written out',
      [
        parent({
          parentRef: {
            group: 'gateway.networking.k8s.io',
            kind: 'Gateway',
            namespace: 'default',
            name: 'gateway',
          },
        }),
      ],
      undefined,
      'accepted',
      '',
    ],
    [
      'another listener of the gateway',
      [parent({ parentRef: { name: 'gateway', sectionName: 'http' } })],
      undefined,
      'waiting',
      '0 of 1',
    ],
    [
      'a report left behind about a gateway that the route no longer names',
      [parent({ parentRef: { name: 'gone' }, conditions: stale }), parent()],
      undefined,
      'accepted',
      '',
    ],
    [
      'a report left behind by a controller that was replaced',
      [parent({ controllerName: 'old.example.com/c', conditions: stale }), parent()],
      undefined,
      'accepted',
      '',
    ],
    [
      'a gateway in another namespace',
      [parent({ parentRef: { name: 'gateway', namespace: 'infra' } })],
      [{ name: 'gateway', namespace: 'infra' }],
      'accepted',
      '',
    ],
    ['a route that names no gateway', [], [], 'waiting', '0 of 0 gateways'],
  ] as const
  for (const [name, parents, refs, kind, words] of rows) {
    test(`${name}: ${kind}`, () => {
      const found = acceptance(parents as readonly RouteParentStatus[], refs)
      expect(found.kind).toBe(kind)
      if (found.kind !== 'accepted') expect(found.message).toContain(words)
    })
  }
})

describe('how long a gateway follows behind its word', () => {
  const rows = [
    ['headgate.dev/local-gateway', 200],
    ['projectcontour.io/gateway-controller', 250],
    ['gateway.envoyproxy.io/gatewayclass-controller', 250],
    ['istio.io/gateway-controller', 2000],
    ['traefik.io/gateway-controller', 3000],
    ['example.com/nobody-knows', 3000],
    ['evil.example.com/istio.io/', 3000],
    ['', 3000],
  ] as const
  for (const [controllerName, settleMs] of rows)
    test(`${controllerName || 'one without a name'} is given ${settleMs} ms`, () =>
      expect(acceptance([parent({ controllerName })])).toMatchObject({ settleMs }))

  test('the slowest of several is waited for', () => {
    const slow = parent({
      parentRef: { name: 'other' },
      controllerName: 'istio.io/gateway-controller',
    })
    expect(acceptance([parent(), slow], [{ name: 'gateway' }, { name: 'other' }])).toMatchObject({
      settleMs: 2000,
    })
  })
})

describe('weights in a route', () => {
  const rows = [
    ['left out are equal shares', [undefined, undefined], { stable: 50, canary: 50 }],
    ['are shares of their sum', [3, 1], { stable: 75, canary: 25 }],
    ['may be thousandths', [999, 1], { stable: 99.9, canary: 0.1 }],
    ['that are all zero send nothing to anybody', [0, 0], { stable: 0, canary: 0 }],
  ] as const
  for (const [name, [one, other], weights] of rows) {
    test(name, () => {
      const weigh = (weight: number | undefined) => (weight === undefined ? {} : { weight })
      const found = read(
        app,
        withRefs(backend('shop-stable', weigh(one)), backend('shop-canary', weigh(other))),
        {},
      )
      expect(found).toMatchObject({ kind: 'read', uniform: true, weights })
    })
  }

  test('of rules that disagree are no single set', () => {
    const rules = [
      { backendRefs: ours },
      {
        backendRefs: [backend('shop-stable', { weight: 1 }), backend('shop-canary', { weight: 1 })],
      },
    ]
    expect(read(app, objects(route({ rules })), {})).toMatchObject({ kind: 'read', uniform: false })
    const after =
      written(
        objects(route({ rules })),
        render(app, objects(route({ rules })), {
          weights: { stable: 80, canary: 20 },
          matches: {},
        }),
      ) ?? {}
    expect(read(app, after, {})).toMatchObject({
      uniform: true,
      weights: { stable: 80, canary: 20 },
    })
  })

  test('are written by name: a backend that moved refuses the write', () => {
    const [write] = render(app, objects(route()), {
      weights: { stable: 80, canary: 20 },
      matches: {},
    })
    const turned = objects(route({ rules: [{ backendRefs: [...ours].reverse() }] }))
    expect(written(turned, write === undefined ? [] : [write])).toBeUndefined()
  })

  test('ports are those of the route, each once', () => {
    const rules = [
      { backendRefs: [backend('shop-stable'), backend('shop-canary')] },
      { backendRefs: [backend('shop-stable', { port: 81 })] },
    ]
    expect(ports(app, objects(route({ rules })), 'shop-stable')).toEqual([80, 81])
    expect(ports(app, objects(route({ rules })), 'shop-canary')).toEqual([80])
  })
})
