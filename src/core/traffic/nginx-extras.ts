/** Extras by annotations of ingress-nginx, in the Ingress that people wrote. What they said there themselves stays. */
import { canonicalJson } from '../hash.ts'
import type { Ingress } from '../k8s/ingress.ts'
import type { Extras } from '../model/app.ts'
import { recordedIn, recording, wantedOf } from './extras.ts'
import { prefix } from './nginx-canary.ts'
import { annotated } from './owned.ts'
import type { RouterApp } from './router.ts'

/** By annotations or fields of the main Ingress. */
export const inIngress = ['responseHeaders', 'sticky', 'timeoutSeconds', 'tls'] as const

/** The ConfigMap of the headers: annotations of ingress-nginx cannot hold them (snippets are off there by default). */
export function headersName({ traffic }: RouterApp): string {
  return `${traffic.route}-headers`
}

export function withExtras(app: RouterApp, main: Ingress): Ingress {
  const before = recordedIn(main)
  const bare = withoutTls(annotated(main, goneOf(app, main, before)), before)
  const wanted = wantedOf(app, inIngress)
  const tls = wanted.tls === undefined || hasTls(bare, wanted.tls.hosts) ? undefined : wanted.tls
  const isFree = (extras: Extras): boolean =>
    Object.keys(annotationsOf(app, extras)).every(
      (name) => bare.metadata.annotations?.[name] === undefined,
    )
  const single = (['responseHeaders', 'sticky', 'timeoutSeconds'] as const)
    .filter((field) => wanted[field] !== undefined)
    .map((field): Extras => ({ [field]: wanted[field] }))
  const taken: Extras = Object.assign(
    {},
    ...single.filter(isFree),
    tls === undefined ? {} : { tls },
  )
  return recording(withTls(annotated(bare, annotationsOf(app, taken)), tls), taken)
}

function annotationsOf(app: RouterApp, extras: Extras): Record<string, string> {
  const { responseHeaders, sticky, timeoutSeconds } = extras
  return {
    ...(responseHeaders === undefined
      ? {}
      : { [`${prefix}custom-headers`]: `${app.namespace}/${headersName(app)}` }),
    ...(sticky === undefined
      ? {}
      : { [`${prefix}affinity`]: 'cookie', [`${prefix}session-cookie-name`]: sticky.cookie }),
    ...(timeoutSeconds === undefined
      ? {}
      : { [`${prefix}proxy-read-timeout`]: String(timeoutSeconds) }),
  }
}

// Only those that still say what we wrote.
function goneOf(app: RouterApp, main: Ingress, before: Extras): Record<string, undefined> {
  const ours = Object.entries(annotationsOf(app, before)).filter(
    ([name, value]) => main.metadata.annotations?.[name] === value,
  )
  return Object.fromEntries(ours.map(([name]) => [name, undefined]))
}

function hasTls({ spec }: Ingress, hosts: readonly string[]): boolean {
  return (spec?.tls ?? []).some((one) => one.hosts?.some((host) => hosts.includes(host)) === true)
}

function withTls(ingress: Ingress, tls: Extras['tls']): Ingress {
  if (tls === undefined) return ingress
  const own = { hosts: tls.hosts, secretName: tls.secret }
  return { ...ingress, spec: { ...ingress.spec, tls: [...(ingress.spec?.tls ?? []), own] } }
}

function withoutTls(ingress: Ingress, { tls }: Extras): Ingress {
  const { tls: all, ...spec } = ingress.spec ?? {}
  if (tls === undefined || all === undefined) return ingress
  const own = canonicalJson({ hosts: tls.hosts, secretName: tls.secret })
  const rest = all.filter((one) => canonicalJson(one) !== own)
  return { ...ingress, spec: rest.length === 0 ? spec : { ...spec, tls: rest } }
}
