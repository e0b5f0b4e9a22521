/** The suite's objects for the Gateway API: an HTTPRoute or GRPCRoute, alone and among what other people wrote. */
import fc from 'fast-check'
import { httpRoute } from '#test/gen/release.ts'
import type {
  HttpBackendRef,
  HttpRoute,
  HttpRouteRule,
  RouteParentStatus,
} from '../k8s/gateway-api.ts'
import type { Condition } from '../k8s/meta.ts'
import type { Match } from '../model/app.ts'
import { annotations as keys } from '../render/names.ts'
import type { RouteObjects } from './router.ts'
import { appOn, type RouterFixture } from './traffic.suite.ts'

export const backend = (name: string, changes: Partial<HttpBackendRef> = {}): HttpBackendRef => ({
  name,
  port: 80,
  ...changes,
})
export const ours: readonly HttpBackendRef[] = [
  backend('shop-stable', { weight: 100 }),
  backend('shop-canary', { weight: 0 }),
]

export function route(
  changes: Partial<HttpRoute['spec']> = {},
  status?: HttpRoute['status'],
): HttpRoute {
  const plain = httpRoute()
  return {
    ...plain,
    metadata: { ...plain.metadata, uid: 'u', resourceVersion: '7', generation: 3 },
    spec: { ...plain.spec, ...changes },
    ...(status === undefined ? {} : { status }),
  }
}

export const objects = (one: HttpRoute): RouteObjects => ({ 'HTTPRoute/shop': one })
export const withRefs = (...backendRefs: readonly HttpBackendRef[]): RouteObjects =>
  objects(route({ rules: [{ backendRefs }] }))

export const generation = 3
export const condition = (type: string, changes: Partial<Condition> = {}): Condition => ({
  type,
  status: 'True',
  observedGeneration: generation,
  lastTransitionTime: '2026-11-21T00:00:00Z',
  reason: type,
  message: '',
  ...changes,
})
export const both = (changes: Partial<Condition> = {}): readonly Condition[] => [
  condition('Accepted', changes),
  condition('ResolvedRefs', changes),
]
export const parent = (changes: Partial<RouteParentStatus> = {}): RouteParentStatus => ({
  parentRef: { name: 'gateway' },
  controllerName: 'headgate.dev/local-gateway',
  conditions: both(),
  ...changes,
})

/** Anything that people put into a route beside what we write. */
const extras = fc.record(
  {
    timeouts: fc.record({ request: fc.constantFrom('1s', '5m') }),
    filters: fc.array(
      fc.record({
        type: fc.constant('RequestHeaderModifier'),
        requestHeaderModifier: fc.jsonValue(),
      }),
      { minLength: 1 },
    ),
    matches: fc.array(fc.record({ path: fc.record({ value: fc.webPath() }) })),
    name: fc.string(),
    sessionPersistence: fc.jsonValue(),
  },
  { requiredKeys: [] },
)
const anyWeight = fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined })
const ref = (name: string): fc.Arbitrary<HttpBackendRef> =>
  fc
    .record({
      weight: anyWeight,
      filters: fc.option(fc.jsonValue(), { nil: undefined }),
      kind: fc.constantFrom('Service', undefined),
      namespace: fc.constantFrom('default', undefined),
    })
    .map((more) => {
      const given = Object.fromEntries(
        Object.entries(more).filter(([, value]) => value !== undefined),
      )
      return { ...given, name, port: 80 }
    })
const ourRule = fc
  .tuple(ref('shop-stable'), ref('shop-canary'), fc.boolean(), extras)
  .map(
    ([one, other, turned, more]) =>
      ({ ...more, backendRefs: turned ? [other, one] : [one, other] }) as HttpRouteRule,
  )
const foreignRule = fc
  .tuple(
    fc.array(fc.constantFrom('shop-stable', 'other', 'third').chain(ref), { maxLength: 3 }),
    extras,
  )
  .map(([backendRefs, more]) => ({ ...more, backendRefs }) as HttpRouteRule)

const crowded = fc
  .tuple(
    fc.array(foreignRule, { maxLength: 3 }),
    ourRule,
    fc.array(fc.oneof(foreignRule, ourRule), { maxLength: 3 }),
    fc.dictionary(fc.string(), fc.string()),
  )
  .map(([before, own, after, annotations]) => {
    const one = route({ rules: [...before, own, ...after], hostnames: ['shop.example.com'] })
    return objects({ ...one, metadata: { ...one.metadata, annotations } })
  })

export const gatewayApi: RouterFixture = {
  app: appOn('gateway-api'),
  matches: anyMatches(true),
  extras: {
    responseHeaders: { 'x-served-by': 'headgate-extra' },
    sticky: { cookie: 'seat' },
    timeoutSeconds: 77,
  },
  plain: objects(route()),
  crowded,
  foreign: (given) => {
    const one = structuredClone(given['HTTPRoute/shop']) as HttpRoute
    const {
      [keys.rules]: _rules,
      [keys.extras]: _extras,
      ...annotations
    } = one.metadata.annotations ?? {}
    const theirs = (one.spec.rules ?? []).filter(({ name }) => !name?.startsWith('headgate-'))
    const rules = theirs.map((rule) => {
      const names = (rule.backendRefs ?? []).map(({ name }) => name)
      const split = names.includes('shop-stable') && names.includes('shop-canary')
      const backendRefs = (rule.backendRefs ?? []).map(({ weight, ...rest }) =>
        split ? rest : { weight, ...rest },
      )
      return { ...rule, backendRefs }
    })
    return { ...one, metadata: { ...one.metadata, annotations }, spec: { ...one.spec, rules } }
  },
  accept: (given) => {
    const one = given['HTTPRoute/shop'] as HttpRoute
    const conditions = both({ observedGeneration: one.metadata.generation ?? 0 })
    return objects({ ...one, status: { parents: [parent({ conditions })] } })
  },
  refused: [
    [
      'a route without rules',
      objects(route({ rules: [] })),
      'has a backendRef to shop-stable; add one to the rule whose traffic is to be split',
    ],
    [
      'a rule that sends to the candidate alone',
      withRefs(backend('shop-canary')),
      'has a backendRef to shop-stable; add one',
    ],
    [
      'a third backend in the rule',
      withRefs(...ours, backend('other')),
      'rule 0 of the HTTPRoute shop also sends to other, which is no Service of this release; give it a rule of its own',
    ],
    [
      'a backend of another namespace',
      withRefs(backend('shop-stable'), backend('shop-canary', { namespace: 'other' })),
      'also sends to shop-canary, which is no Service of this release',
    ],
    [
      'a backend of another kind',
      withRefs(
        backend('shop-stable'),
        backend('shop-canary', { kind: 'ServiceImport', group: 'x-k8s.io' }),
      ),
      'also sends to shop-canary, which is no Service of this release',
    ],
    [
      'a Service that stands in the rule twice',
      withRefs(...ours, backend('shop-stable', { port: 81 })),
      'rule 0 of the HTTPRoute shop sends to shop-stable more than once; keep one of its backendRefs',
    ],
  ],
}

/** The same for calls of gRPC. */
export const grpc: RouterFixture = {
  ...gatewayApi,
  app: appOn('grpc'),
  plain: asGrpc(gatewayApi.plain),
  crowded: crowded.map(asGrpc),
  foreign: (given) => gatewayApi.foreign(asHttp(given)),
  accept: (given) => asGrpc(gatewayApi.accept?.(asHttp(given)) ?? {}),
  matches: anyMatches(false),
  extras: { responseHeaders: { 'x-served-by': 'headgate-extra' }, sticky: { cookie: 'seat' } },
  refused: gatewayApi.refused.map(([name, given, words]) => [
    name,
    asGrpc(given),
    words.replace('HTTPRoute', 'GRPCRoute'),
  ]),
}

function asGrpc(given: RouteObjects): RouteObjects {
  const one = given['HTTPRoute/shop']
  return one === undefined ? {} : { 'GRPCRoute/shop': { ...one, kind: 'GRPCRoute' } }
}

function asHttp(given: RouteObjects): RouteObjects {
  const one = given['GRPCRoute/shop']
  return one === undefined ? {} : { 'HTTPRoute/shop': { ...one, kind: 'HTTPRoute' } }
}

/** Some alternatives, each another one. */
export function anyMatches(cookies: boolean): fc.Arbitrary<readonly Match[]> {
  const text = fc.stringMatching(/^[a-z.*+?$^()[\]|=; -]{1,12}$/)
  const header = fc.record({
    kind: fc.constant('header' as const),
    name: fc.constantFrom('x-variant', 'X-Tenant', 'user-agent'),
    value: text,
    regex: fc.boolean(),
  })
  const cookie = fc.record({
    kind: fc.constant('cookie' as const),
    name: fc.constantFrom('variant', 'a.b'),
    value: text,
  })
  const one: fc.Arbitrary<Match> = cookies ? fc.oneof(header, cookie) : header
  return fc.uniqueArray(one, {
    minLength: 1,
    maxLength: 3,
    selector: (match) => JSON.stringify(match),
  })
}
