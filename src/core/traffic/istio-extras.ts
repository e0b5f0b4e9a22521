/** Extras in the split rules of a VirtualService, and objects of ours beside it. What people wrote themselves stays. */
import type { IstioHttp, VirtualService } from '../k8s/istio.ts'
import type { KubeObject, Labels, ObjectRef } from '../k8s/meta.ts'
import type { Extras } from '../model/app.ts'
import { stable } from '../model/weights.ts'
import { recordedIn, recording, wantedOf } from './extras.ts'
import { destinationOf, rolesOf, splitRules } from './istio-rules.ts'
import { ownMeta, previewName, redirectName } from './owned.ts'
import type { RouterApp } from './router.ts'

export const inRules = ['responseHeaders', 'timeoutSeconds'] as const

export function withExtras(app: RouterApp, virtual: VirtualService): VirtualService {
  const split = splitRules(app, virtual)
  if (split.length === 0) return virtual
  const before = recordedIn(virtual)
  const bare = split.map((rule) => without(rule, before))
  const taken = untaken(bare, wantedOf(app, inRules))
  const http = (virtual.spec?.http ?? []).map((rule) => {
    const index = split.indexOf(rule)
    return index < 0 ? rule : withOwn(bare[index] as IstioHttp, taken)
  })
  return recording({ ...virtual, spec: { ...virtual.spec, http } }, taken)
}

/** Those of them that no rule has an own word on. */
function untaken(rules: readonly IstioHttp[], wanted: Extras): Extras {
  const { responseHeaders = {}, timeoutSeconds } = wanted
  const named = new Set(
    rules.flatMap((rule) => Object.keys(setIn(rule)).map((name) => name.toLowerCase())),
  )
  const headers = Object.entries(responseHeaders).filter(([name]) => !named.has(name.toLowerCase()))
  const free = rules.every(({ timeout }) => timeout === undefined)
  return {
    ...(headers.length === 0 ? {} : { responseHeaders: Object.fromEntries(headers) }),
    ...(timeoutSeconds !== undefined && free ? { timeoutSeconds } : {}),
  }
}

function setIn({ headers }: IstioHttp): Labels {
  return headers?.response?.set ?? {}
}

function withSet(rule: IstioHttp, set: Labels): IstioHttp {
  const { headers = {}, ...rest } = rule
  const { response = {}, ...request } = headers
  const { set: _before, ...others } = response
  const changed = Object.keys(set).length === 0 ? others : { ...others, set }
  const all = Object.keys(changed).length === 0 ? request : { ...request, response: changed }
  return Object.keys(all).length === 0 ? rest : { ...rest, headers: all }
}

function withOwn(rule: IstioHttp, { responseHeaders, timeoutSeconds }: Extras): IstioHttp {
  const told =
    responseHeaders === undefined ? rule : withSet(rule, { ...setIn(rule), ...responseHeaders })
  return timeoutSeconds === undefined ? told : { ...told, timeout: `${timeoutSeconds}s` }
}

function without(rule: IstioHttp, { responseHeaders, timeoutSeconds }: Extras): IstioHttp {
  const { timeout, ...rest } = rule
  const free = timeoutSeconds !== undefined && timeout === `${timeoutSeconds}s` ? rest : rule
  if (responseHeaders === undefined || Object.keys(setIn(rule)).length === 0) return free
  const kept = Object.entries(setIn(rule)).filter(
    ([name, value]) => responseHeaders[name] !== value,
  )
  return withSet(free, Object.fromEntries(kept))
}

function stickyName({ traffic }: RouterApp, role: string): string {
  return `${traffic.route}-${role}-sticky`
}

export function besideRefs(app: RouterApp, apiVersion: string): readonly ObjectRef[] {
  const { namespace } = app
  const at = (kind: string, name: string): ObjectRef => ({ apiVersion, kind, namespace, name })
  return [
    at('VirtualService', previewName(app)),
    at('VirtualService', redirectName(app)),
    ...(app.traffic.extras?.sticky === undefined
      ? []
      : rolesOf(app).map((role) => at('DestinationRule', stickyName(app, role)))),
  ]
}

export function istioCompanions(app: RouterApp, virtual: VirtualService): readonly KubeObject[] {
  const { previewHost } = app.plan.promotion
  const { redirect, sticky } = app.traffic.extras ?? {}
  const role = rolesOf(app).find((one) => one !== stable)
  const { apiVersion } = virtual
  return [
    ...(previewHost === undefined || role === undefined
      ? []
      : [
          beside(
            app,
            virtual,
            previewName(app),
            previewHost,
            splitRules(app, virtual).map((rule) => ({
              ...rule,
              route: [destinationOf(app, rule, role, 100)],
            })),
          ),
        ]),
    ...(redirect === undefined
      ? []
      : [
          beside(app, virtual, redirectName(app), redirect.from, [
            { redirect: { authority: redirect.to, scheme: 'https', redirectCode: 301 } },
          ]),
        ]),
    ...(sticky === undefined || app.traffic.subsets !== undefined
      ? []
      : rolesOf(app).map((one) => stickyRule(app, apiVersion, one, sticky.cookie))),
  ]
}

function beside(
  app: RouterApp,
  { apiVersion, kind, spec }: VirtualService,
  name: string,
  host: string,
  http: readonly IstioHttp[],
): VirtualService {
  const gateways = spec?.gateways
  return {
    apiVersion,
    kind,
    metadata: ownMeta(app, name),
    spec: { hosts: [host], ...(gateways === undefined ? {} : { gateways }), http },
  }
}

function stickyRule(app: RouterApp, apiVersion: string, role: string, cookie: string): KubeObject {
  // A lifetime of zero is a session: the cookie is set and goes with the browser.
  const consistentHash = { httpCookie: { name: cookie, path: '/', ttl: '0s' } }
  const spec = {
    host: app.services[role] ?? '',
    trafficPolicy: { loadBalancer: { consistentHash } },
  }
  const made = {
    apiVersion,
    kind: 'DestinationRule',
    metadata: ownMeta(app, stickyName(app, role)),
  }
  return { ...made, spec } as KubeObject
}
