/** The suite's objects for ingress-nginx: the Ingress that people write, alone and among other hosts and paths. */
import fc from 'fast-check'
import type { Ingress, IngressPath } from '../k8s/ingress.ts'
import type { KubeObject } from '../k8s/meta.ts'
import type { Match } from '../model/app.ts'
import { annotations as keys } from '../render/names.ts'
import type { RouteObjects } from './router.ts'
import { appOn, type RouterFixture } from './traffic.suite.ts'

const app = appOn('nginx')

const place = (service: string, path = '/'): IngressPath => ({
  path,
  pathType: 'Prefix',
  backend: { service: { name: service, port: { number: 80 } } },
})

function ingress(changes: Partial<Ingress['spec']> = {}, annotations = {}): Ingress {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: 'shop',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '7',
      generation: 3,
      annotations,
    },
    spec: {
      ingressClassName: 'nginx',
      rules: [{ host: 'shop.example.com', http: { paths: [place('shop-stable')] } }],
      ...changes,
    },
  }
}

const ingresses = (...given: readonly Ingress[]): RouteObjects =>
  Object.fromEntries(given.map((one) => [`Ingress/${one.metadata.name}`, one]))

const path = fc
  .tuple(fc.constantFrom('shop-stable', 'other'), fc.webPath(), fc.constantFrom('Prefix', 'Exact'))
  .map(([service, at, pathType]) => ({ ...place(service, at), pathType }))
const rule = fc
  .tuple(fc.option(fc.domain(), { nil: undefined }), fc.array(path, { maxLength: 3 }))
  .map(([host, paths]) => ({ ...(host === undefined ? {} : { host }), http: { paths } }))

const crowded = fc
  .tuple(
    fc.array(rule, { maxLength: 2 }),
    fc.array(rule, { maxLength: 2 }),
    fc.boolean(),
    fc.dictionary(fc.string(), fc.string()),
  )
  .map(([before, after, tls, annotations]) => {
    const own = { host: 'shop.example.com', http: { paths: [place('shop-stable')] } }
    const rules = [...before, own, ...after]
    const given = tls ? { tls: [{ hosts: ['shop.example.com'], secretName: 'own' }] } : {}
    return ingresses(ingress({ rules, ...given }, annotations))
  })

/** One header and one cookie at most, and of a cookie no other value than `always`. */
const matches: fc.Arbitrary<readonly Match[]> = fc
  .tuple(
    fc.option(
      fc.record({
        kind: fc.constant('header' as const),
        name: fc.constantFrom('x-variant', 'X-Tenant'),
        value: fc.stringMatching(/^[a-z.*+?$^()|=-]{1,12}$/),
        regex: fc.boolean(),
      }),
      { nil: undefined },
    ),
    fc.option(fc.constant({ kind: 'cookie', name: 'variant', value: 'always' } as const), {
      nil: undefined,
    }),
  )
  .map((both) => both.filter((one) => one !== undefined))
  .filter((all) => all.length > 0)

const taken: KubeObject = { ...ingress(), metadata: { name: 'shop-canary', namespace: 'default' } }

export const nginx: RouterFixture = {
  app,
  plain: ingresses(ingress()),
  crowded,
  foreign: (given) => {
    const one = structuredClone(given['Ingress/shop']) as Ingress
    const { [keys.extras]: _extras, ...annotations } = one.metadata.annotations ?? {}
    return { ...one, metadata: { ...one.metadata, annotations } }
  },
  matches,
  extras: {
    responseHeaders: { 'x-served-by': 'headgate-extra' },
    sticky: { cookie: 'seat' },
    timeoutSeconds: 77,
    tls: { hosts: ['secure.example.com'], secret: 'secure' },
  },
  refused: [
    [
      'an Ingress that sends elsewhere',
      ingresses(ingress({ rules: [{ http: { paths: [place('other')] } }] })),
      'no path of the Ingress shop has a backend shop-stable; add one',
    ],
    [
      'a canary of somebody',
      ingresses(ingress({}, { 'nginx.ingress.kubernetes.io/canary': 'true' })),
      'the Ingress shop is a canary itself; name the one that sends to shop-stable',
    ],
    [
      'a port by name',
      ingresses(
        ingress({
          defaultBackend: { service: { name: 'shop-stable', port: { name: 'http' } } },
        }),
      ),
      'gives the port of shop-stable by name; write its number',
    ],
    [
      'a canary Ingress that somebody else made',
      ingresses(ingress(), taken as Ingress),
      'the Ingress shop-canary was not made for this release; delete it',
    ],
  ],
}
