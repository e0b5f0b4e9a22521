/** The Ingress that people wrote, as far as it sends to stable; and copies of it that send to a candidate. */
import type { Ingress, IngressBackend, IngressSpec } from '../k8s/ingress.ts'
import { type RoleName, stable } from '../model/weights.ts'
import { annotated, ownMeta } from './owned.ts'
import type { RouteObjects, RouterApp } from './router.ts'

export const ingressVersion = 'networking.k8s.io/v1'

export function ingressAt(objects: RouteObjects, name: string): Ingress | undefined {
  return objects[`Ingress/${name}`] as Ingress | undefined
}

export function nameFor({ traffic }: RouterApp, role: RoleName): string {
  return traffic.names?.[role] ?? `${traffic.route}-${role}`
}

/** The places of an Ingress that send to stable, with a candidate in its stead. */
export function splitSpec(app: RouterApp, { spec = {} }: Ingress, role: RoleName): IngressSpec {
  const rules = (spec.rules ?? []).flatMap((rule) => {
    const paths = (rule.http?.paths ?? [])
      .filter(({ backend }) => isToStable(app, backend))
      .map((path) => ({ ...path, backend: backendFor(app, path.backend, role) }))
    return paths.length === 0 ? [] : [{ ...rule, http: { ...rule.http, paths } }]
  })
  const { defaultBackend, ingressClassName, tls } = spec
  return {
    ...(ingressClassName === undefined ? {} : { ingressClassName }),
    ...(tls === undefined ? {} : { tls }),
    ...(rules.length === 0 ? {} : { rules }),
    ...(defaultBackend !== undefined && isToStable(app, defaultBackend)
      ? { defaultBackend: backendFor(app, defaultBackend, role) }
      : {}),
  }
}

export function backendsOf({ spec = {} }: Ingress): readonly IngressBackend[] {
  const paths = (spec.rules ?? []).flatMap(({ http }) => http?.paths ?? [])
  const rest = spec.defaultBackend === undefined ? [] : [spec.defaultBackend]
  return [...paths.map(({ backend }) => backend), ...rest]
}

export function isToStable({ services }: RouterApp, { service }: IngressBackend): boolean {
  return service?.name === services[stable]
}

function backendFor(app: RouterApp, backend: IngressBackend, role: RoleName): IngressBackend {
  const service = { ...backend.service, name: app.services[role] ?? '' }
  return { ...backend, service }
}

/** An Ingress of our own that is seen by the same controller as the one that people wrote. */
export function ownIngress(
  app: RouterApp,
  main: Ingress,
  name: string,
  {
    spec,
    annotations,
  }: { readonly spec: IngressSpec; readonly annotations: Record<string, string | undefined> },
): Ingress {
  const classic = 'kubernetes.io/ingress.class'
  const made: Ingress = {
    apiVersion: ingressVersion,
    kind: 'Ingress',
    metadata: ownMeta(app, name),
    spec,
  }
  return annotated(made, { [classic]: main.metadata.annotations?.[classic], ...annotations })
}
