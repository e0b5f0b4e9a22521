/** Routes of our own beside the one that people wrote: the host of a preview, and the redirect from another host. */
import type { HttpRoute, HttpRouteRule } from '../k8s/gateway-api.ts'
import type { KubeObject, ObjectRef } from '../k8s/meta.ts'
import { stable } from '../model/weights.ts'
import { backendOf, splitRules } from './gateway-rules.ts'
import { ownMeta, previewName, redirectName } from './owned.ts'
import type { RouteObjects, RouterApp } from './router.ts'

export function besideRefs(app: RouterApp, kind: string, apiVersion: string): readonly ObjectRef[] {
  const { namespace } = app
  return [previewName(app), redirectName(app)].map((name) => ({
    apiVersion,
    kind,
    namespace,
    name,
  }))
}

export function gatewayCompanions(
  app: RouterApp,
  objects: RouteObjects,
  kind: string,
): readonly KubeObject[] {
  const route = objects[`${kind}/${app.traffic.route}`] as HttpRoute | undefined
  if (route === undefined) return []
  const { previewHost } = app.plan.promotion
  const redirect = kind === 'HTTPRoute' ? app.traffic.extras?.redirect : undefined
  return [
    ...(previewHost === undefined ? [] : previewRoute(app, route, previewHost)),
    ...(redirect === undefined ? [] : [redirectRoute(app, route, redirect)]),
  ]
}

/** The split rules once more under another host, with the candidate as their only backend. */
function previewRoute(app: RouterApp, route: HttpRoute, host: string): readonly HttpRoute[] {
  const role = Object.keys(app.services).find((one) => one !== stable)
  if (role === undefined) return []
  const rules = splitRules(app, route).map(
    (rule): HttpRouteRule => ({ ...rule, backendRefs: [backendOf(app, rule, role, 1)] }),
  )
  return [beside(app, route, previewName(app), { hostnames: [host], rules })]
}

function redirectRoute(
  app: RouterApp,
  route: HttpRoute,
  { from, to }: { readonly from: string; readonly to: string },
): HttpRoute {
  const requestRedirect = { scheme: 'https', hostname: to, statusCode: 301 }
  const rules = [{ filters: [{ type: 'RequestRedirect', requestRedirect } as const] }]
  return beside(app, route, redirectName(app), { hostnames: [from], rules })
}

function beside(
  app: RouterApp,
  { apiVersion, kind, spec }: HttpRoute,
  name: string,
  own: HttpRoute['spec'],
): HttpRoute {
  const { parentRefs } = spec
  return {
    apiVersion,
    kind,
    metadata: ownMeta(app, name),
    spec: { ...(parentRefs === undefined ? {} : { parentRefs }), ...own },
  }
}
