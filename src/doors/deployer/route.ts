/**
 * The front of an application: an Ingress of ingress-nginx, or by setting an HTTPRoute, that sends to the versioned
 * Service (A57–A63, AD07–AD09). What beside the host a provider cannot say is told, and nothing else is left out.
 */
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import type { Ingress } from '#core/k8s/ingress.ts'
import type { KubeObject, OwnerReference } from '#core/k8s/meta.ts'
import { type Extras, plainPromotion } from '#core/model/app.ts'
import { unsupported } from '#core/traffic/extras.ts'
import { withExtras as inRoute } from '#core/traffic/gateway-extras.ts'
import { withExtras as inIngress } from '#core/traffic/nginx-extras.ts'
import { ownMeta } from '#core/traffic/owned.ts'
import { routers } from '#core/traffic/register.ts'
import type { Router, RouterApp } from '#core/traffic/router.ts'
import type { Descriptor } from './descriptor.ts'
import { ofDoor, versionedName } from './names.ts'
import { frontPort } from './service.ts'
import { podTemplate } from './template.ts'

export type Front =
  | { readonly provider: 'nginx'; readonly ingressClass: string }
  | {
      readonly provider: 'gateway-api'
      readonly gateway: { readonly namespace: string | undefined; readonly name: string }
    }

export type RouteAsked = {
  readonly descriptor: Descriptor
  readonly version: string
  /** The Release: with it, what we made goes. */
  readonly owner: OwnerReference
  /** The Secret that was found; undefined for plain HTTP. */
  readonly tlsSecret: string | undefined
}

export type Route = {
  /** The Ingress or HTTPRoute, under the application's name. */
  readonly main: KubeObject
  /** What stands beside it. */
  readonly beside: readonly KubeObject[]
  /** What the provider cannot do, a sentence each. */
  readonly notes: readonly string[]
}

/** A58: names of Secrets that may have the certificate, the first that exists has it. */
export function certificateNames({ frontend = '', tlsSecretName }: Descriptor): readonly string[] {
  const words = frontend.split('.')
  const parents = words.slice(1, -1).map((_, index) => words.slice(index + 1).join('.'))
  const named = tlsSecretName === undefined || tlsSecretName === '' ? [] : [tlsSecretName]
  return [...named, frontend, ...parents]
}

/** The route of a descriptor with a frontend. */
export function routeOf(front: Front, asked: RouteAsked): Route {
  const app = routerApp(front, asked)
  const router = routers[front.provider] as Router
  const main =
    front.provider === 'nginx'
      ? inIngress(app, ingress(app, asked, front.ingressClass))
      : inRoute(app, httpRoute(app, asked, front.gateway), router.capabilities.extras)
  const beside = router.companions(app, { [`${main.kind}/${main.metadata.name}`]: main })
  return {
    main: ours(main),
    beside: beside.map((one) => ours(toStaying(one, asked))),
    notes: unsupported(router, app.traffic.extras),
  }
}

/** Everything that a route of this provider may consist of, to be taken away where it is not wanted. */
export function routeNames(front: Front, appName: string): readonly Named[] {
  const kind = front.provider === 'nginx' ? 'ingress' : 'httpRoute'
  return [
    { kind, name: appName },
    { kind, name: `${appName}-www-redirect` },
    ...(kind === 'ingress' ? [{ kind: 'configMap', name: `${appName}-headers` } as const] : []),
  ]
}

export type Named = { readonly kind: 'ingress' | 'httpRoute' | 'configMap'; readonly name: string }

/** Only what bears the label of this door is ours to change or take away. */
export function isOurs({ metadata }: KubeObject): boolean {
  return Object.entries(ofDoor).every(([key, value]) => metadata.labels?.[key] === value)
}

function ours<T extends KubeObject>(object: T): T {
  const { metadata } = object
  return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, ...ofDoor } } }
}

// A61: nobody comes through the redirect, but it leads to the Service that stays.
function toStaying(object: KubeObject, { descriptor, version }: RouteAsked): KubeObject {
  const versioned = JSON.stringify(versionedName(descriptor.appName, version))
  if (object.kind !== 'Ingress') return object
  const text = JSON.stringify(object).replaceAll(
    `"service":{"name":${versioned}`,
    `"service":{"name":${JSON.stringify(descriptor.appName)}`,
  )
  return JSON.parse(text) as KubeObject
}

function routerApp(front: Front, { descriptor, version, owner, tlsSecret }: RouteAsked): RouterApp {
  const { appName, namespace } = descriptor
  return {
    namespace,
    name: appName,
    owner,
    deletedAt: undefined,
    services: { stable: versionedName(appName, version) },
    template: podTemplate(descriptor, version, []),
    traffic: {
      router: front.provider,
      route: appName,
      settleMs: undefined,
      extras: extrasOf(descriptor, tlsSecret),
    },
    plan: { strategy: 'blueGreen', candidates: [], promotion: plainPromotion },
    workloads: {
      kind: 'ReplicaSet',
      layout: { by: 'revision', prefix: appName, labels: {} },
    },
  }
}

function extrasOf(descriptor: Descriptor, tlsSecret: string | undefined): Extras {
  const { frontend = '', redirectWww, useCompression, useStickySessions } = descriptor
  const headers = descriptor.additionHttpHeaders ?? []
  return {
    ...(redirectWww === true ? { redirect: { from: `www.${frontend}`, to: frontend } } : {}),
    ...(useCompression === true ? { compression: true } : {}),
    ...(useStickySessions === true ? { sticky: { cookie: 'route' } } : {}),
    ...(tlsSecret === undefined ? {} : { tls: { hosts: [frontend], secret: tlsSecret } }),
    ...(headers.length === 0
      ? {}
      : {
          responseHeaders: Object.fromEntries(headers.map(({ Header, Value }) => [Header, Value])),
        }),
  }
}

function ingress(app: RouterApp, { descriptor }: RouteAsked, ingressClassName: string): Ingress {
  const name = app.services['stable'] as string
  const backend = { service: { name, port: { number: frontPort(descriptor) } } }
  const paths = [{ path: '/', pathType: 'Prefix', backend }]
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: ownMeta(app, app.traffic.route),
    spec: {
      ingressClassName,
      rules: [{ ...hostOf(descriptor), http: { paths } }],
    },
  }
}

function httpRoute(
  app: RouterApp,
  { descriptor }: RouteAsked,
  { name, namespace }: Extract<Front, { provider: 'gateway-api' }>['gateway'],
): HttpRoute {
  const { frontend = '' } = descriptor
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: ownMeta(app, app.traffic.route),
    spec: {
      parentRefs: [{ name, ...(namespace === undefined ? {} : { namespace }) }],
      hostnames: [frontend],
      rules: [
        {
          backendRefs: [{ name: app.services['stable'] as string, port: frontPort(descriptor) }],
        },
      ],
    },
  }
}

function hostOf({ frontend }: Descriptor): { readonly host?: string } {
  return frontend === undefined ? {} : { host: frontend }
}
