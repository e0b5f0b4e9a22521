/** What routes may do beside splitting traffic, who can, and what is said of those who cannot. */
import { entry } from '../entry.ts'
import type { KubeObject } from '../k8s/meta.ts'
import type { Extras } from '../model/app.ts'
import { annotations } from '../render/names.ts'
import { asObject } from '../schema/json.ts'
import { annotated } from './owned.ts'
import type { Router, RouterApp } from './router.ts'

const words: Readonly<Record<keyof Extras, string>> = {
  redirect: 'redirect a host',
  responseHeaders: 'set headers on answers',
  compression: 'compress answers',
  tls: 'serve TLS',
  sticky: 'keep a session with one pod',
  timeoutSeconds: 'limit the time of a request',
}

/** Where else what a router cannot do is set up. */
const elsewhere: Readonly<Record<string, Partial<Record<keyof Extras, string>>>> = {
  'gateway-api': {
    compression: 'use a policy of the gateway',
    tls: 'give the listener of the Gateway a certificate',
  },
  grpc: {
    compression: 'let client and server agree on it',
    tls: 'give the listener of the Gateway a certificate',
    timeoutSeconds: 'set a deadline in the client',
    redirect: 'point clients to the other host',
  },
  nginx: { compression: 'set use-gzip in the ConfigMap of ingress-nginx' },
  istio: {
    compression: 'add an EnvoyFilter',
    tls: 'give the server of the Gateway a credentialName',
  },
  service: {},
  none: {},
}

const fields = Object.keys(words) as readonly (keyof Extras)[]

/** A sentence for each extra that is asked for and that the router cannot do. It is left out; nothing else is. */
export function unsupported(router: Router, extras: Extras | undefined): readonly string[] {
  const missing = askedFor(extras).filter((field) => !router.capabilities.extras.includes(field))
  return missing.map((field) => {
    const hint = entry(elsewhere, router.name)?.[field] ?? 'use a router that can'
    return `the router ${router.name} cannot ${words[field]}; it is left out: ${hint}`
  })
}

/** The extras that the app asks for and that these fields can say. */
export function wantedOf({ traffic }: RouterApp, able: readonly (keyof Extras)[]): Extras {
  const asked = askedFor(traffic.extras).filter((field) => able.includes(field))
  return Object.fromEntries(asked.map((field) => [field, traffic.extras?.[field]])) as Extras
}

function askedFor(extras: Extras = {}): readonly (keyof Extras)[] {
  return fields.filter((field) => extras[field] !== undefined && extras[field] !== false)
}

/** Those that we wrote into an object, by its annotation. */
export function recordedIn({ metadata }: KubeObject): Extras {
  try {
    return (asObject(JSON.parse(metadata.annotations?.[annotations.extras] ?? '{}')) ??
      {}) as Extras
  } catch {
    return {}
  }
}

export function recording<T extends KubeObject>(object: T, extras: Extras): T {
  const text = askedFor(extras).length === 0 ? undefined : JSON.stringify(extras)
  return annotated(object, { [annotations.extras]: text })
}
