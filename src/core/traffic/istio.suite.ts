/** The suite's objects for Istio: the VirtualService that people write, alone and among other rules. */
import fc from 'fast-check'
import type { IstioDestination, IstioHttp, VirtualService } from '../k8s/istio.ts'
import { annotations as keys } from '../render/names.ts'
import { anyMatches } from './gateway-api.suite.ts'
import type { RouteObjects } from './router.ts'
import { appOn, type RouterFixture } from './traffic.suite.ts'

const app = appOn('istio')

const to = (host: string, weight?: number, subset?: string): IstioDestination => ({
  destination: {
    host,
    port: { number: 80 },
    ...(subset === undefined ? {} : { subset }),
  },
  ...(weight === undefined ? {} : { weight }),
})

export function virtualService(
  http: readonly IstioHttp[] = [{ route: [to('shop-stable', 100), to('shop-canary', 0)] }],
  status?: VirtualService['status'],
): VirtualService {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: {
      name: 'shop',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '7',
      generation: 3,
    },
    spec: { hosts: ['shop.example.com'], gateways: ['front'], http },
    ...(status === undefined ? {} : { status }),
  }
}

export const virtuals = (one: VirtualService): RouteObjects => ({ 'VirtualService/shop': one })

const extras = fc.record(
  {
    retries: fc.jsonValue(),
    rewrite: fc.jsonValue(),
    corsPolicy: fc.jsonValue(),
    headers: fc.record({ request: fc.record({ set: fc.constant({ 'x-theirs': 'yes' }) }) }),
    name: fc.string(),
    match: fc.array(fc.record({ uri: fc.record({ prefix: fc.webPath() }) }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
)
const hosts = {
  stable: ['shop-stable', 'shop-stable.default', 'shop-stable.default.svc.cluster.local'],
  canary: ['shop-canary', 'shop-canary.default.svc'],
} as const
const ourRule = fc
  .tuple(
    fc.constantFrom(...hosts.stable),
    fc.constantFrom(...hosts.canary),
    fc.integer({ min: 0, max: 100 }),
    fc.boolean(),
    extras,
  )
  .map(([one, other, weight, turned, more]) => {
    const both = [to(one, 100 - weight), to(other, weight)]
    return { ...more, route: turned ? both.toReversed() : both } as IstioHttp
  })
const foreignRule = fc
  .tuple(fc.constantFrom('shop-stable', 'other', 'shop-stable.elsewhere'), extras)
  .map(([host, more]) => ({ ...more, route: [to(host)] }) as IstioHttp)

const crowded = fc
  .tuple(
    fc.array(foreignRule, { maxLength: 3 }),
    ourRule,
    fc.array(fc.oneof(foreignRule, ourRule), { maxLength: 3 }),
    fc.dictionary(fc.string(), fc.string()),
  )
  .map(([before, own, after, annotations]) => {
    const one = virtualService([...before, own, ...after])
    return virtuals({ ...one, metadata: { ...one.metadata, annotations } })
  })

export const istio: RouterFixture = {
  app,
  plain: virtuals(virtualService()),
  crowded,
  foreign: (given) => {
    const one = structuredClone(given['VirtualService/shop']) as VirtualService
    const { [keys.extras]: _extras, ...annotations } = one.metadata.annotations ?? {}
    const theirs = (one.spec?.http ?? []).filter(({ name }) => !name?.startsWith('headgate-'))
    const http = theirs.map(({ route = [], ...rest }) => ({
      ...rest,
      route: route.length === 2 ? route.map(({ destination }) => destination) : route,
    }))
    return { ...one, metadata: { ...one.metadata, annotations }, spec: { ...one.spec, http } }
  },
  matches: anyMatches(true),
  extras: { responseHeaders: { 'x-served-by': 'headgate-extra' }, timeoutSeconds: 77 },
  refused: [
    [
      'a VirtualService without http routes',
      virtuals(virtualService([])),
      'no http route of the VirtualService shop has a destination with host shop-stable; add one',
    ],
    [
      'a third destination',
      virtuals(
        virtualService([
          { route: [to('shop-stable', 50), to('shop-canary', 25), to('other', 25)] },
        ]),
      ),
      'http route 0 of the VirtualService shop also sends to other, which is none of this release',
    ],
    [
      'a subset of a Service that is a role as a whole',
      virtuals(virtualService([{ route: [to('shop-stable', 100), to('shop-canary', 0, 'v2')] }])),
      'also sends to subset v2 of shop-canary',
    ],
    [
      'a destination twice',
      virtuals(virtualService([{ route: [to('shop-stable', 50), to('shop-stable', 50)] }])),
      'sends to stable more than once; keep one of its destinations',
    ],
  ],
}
