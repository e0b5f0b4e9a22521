/** What the annotations of an Ingress change on the way: limits, headers, rewrites, redirects, sessions. */
import type { Cache } from '#kube/cluster.ts'
import { type ConfigMap, namespaceOf } from '../objects.ts'
import type { Cookie, Entry, Filter, Limits } from '../table.ts'
import type { Annotations } from './annotations.ts'
import type { Location } from './locations.ts'

const redirectCode = 308

/** Its own defaults: five seconds to connect, a minute of silence. */
export function limitsOf({ whole }: Annotations): Limits {
  const positive = (name: string, otherwise: number): number => {
    const seconds = whole(name)
    return 1000 * (seconds !== undefined && seconds > 0 ? seconds : otherwise)
  }
  return {
    connectMs: positive('proxy-connect-timeout', 5),
    silenceMs: positive('proxy-read-timeout', 60),
  }
}

export function sessionOf({ text, flag, whole }: Annotations): Cookie | undefined {
  if (text('affinity') !== 'cookie') return undefined
  const domain = text('session-cookie-domain')
  const maxAge = whole('session-cookie-max-age')
  const sameSite = text('session-cookie-samesite')
  return {
    name: text('session-cookie-name') ?? 'INGRESSCOOKIE',
    path: text('session-cookie-path') ?? '/',
    ...(domain === undefined ? {} : { domain }),
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(sameSite === undefined ? {} : { sameSite }),
    ...(flag('session-cookie-secure') === true ? { secure: true } : {}),
  }
}

/** What is answered instead of asking a pod, if anything is. */
export function redirectOf({ text, whole }: Annotations): Filter | undefined {
  const temporal = text('temporal-redirect')
  if (temporal !== undefined) return redirectTo(temporal, 302)
  const permanent = text('permanent-redirect')
  const code = whole('permanent-redirect-code') ?? 0
  return permanent === undefined
    ? undefined
    : redirectTo(permanent, code >= 300 && code <= 308 ? code : 301)
}

// As there, an address that is none is no redirect.
function redirectTo(url: string, status: number): Filter | undefined {
  return /^https?:\/\//.test(url) ? { kind: 'redirectTo', url, status } : undefined
}

/** To the same address over TLS, but for the path by which certificates are asked for. */
export const toHttps: Filter = {
  kind: 'redirect',
  scheme: 'https',
  port: 'own',
  status: redirectCode,
}

export function isForAcme(path: string): boolean {
  return path.startsWith('/.well-known/acme-challenge')
}

export function toHost(hostname: string): Filter {
  return { kind: 'redirect', hostname, port: 'own', status: redirectCode }
}

/** The changes to requests and answers, in order. */
export function filtersOf(
  { annotations, ingress }: Location,
  expression: RegExp | undefined,
  configMaps: Cache<ConfigMap>,
): readonly Filter[] {
  const { text } = annotations
  const headers = text('custom-headers')
  const hostname = text('upstream-vhost')
  const forwarded = text('x-forwarded-prefix')
  const target = text('rewrite-target')
  return [
    ...(headers === undefined ? [] : [customHeaders(headers, namespaceOf(ingress), configMaps)]),
    ...(hostname === undefined ? [] : [{ kind: 'rewrite', hostname } as const]),
    ...(forwarded === undefined ? [] : [requestHeader('X-Forwarded-Prefix', forwarded)]),
    ...(target === undefined || expression === undefined
      ? []
      : [{ kind: 'rewrite', path: { kind: 'template', expression, template: target } } as const]),
  ]
}

function requestHeader(name: string, value: string): Filter {
  return { kind: 'requestHeaders', change: { set: [[name, value]], add: [], remove: [] } }
}

// Without its ConfigMap the location is denied there: headers may be what protects it.
function customHeaders(ref: string, home: string, configMaps: Cache<ConfigMap>): Filter {
  const key = ref.includes('/') ? ref : `${home}/${ref}`
  const found = configMaps.get(key)
  if (found === undefined) {
    return {
      kind: 'answer',
      status: 503,
      body: `ConfigMap ${key} of custom-headers does not exist`,
    }
  }
  const set = Object.entries(found.data ?? {})
  return { kind: 'responseHeaders', change: { set, add: [], remove: [] } }
}

/** How pods are spoken to; undefined for a protocol that is not served. */
export function protocolOf({ text }: Annotations): Entry['protocol'] | undefined {
  const name = (text('backend-protocol') ?? 'HTTP').toUpperCase()
  if (name === 'GRPC') return 'h2c'
  return name === 'HTTP' || name === 'AUTO_HTTP' ? 'http1' : undefined
}
