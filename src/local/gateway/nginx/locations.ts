/**
 * From Ingresses to servers and their locations, as ingress-nginx merges them: the oldest Ingress with a host and path
 * owns it, and the first canary with the same host, path and path type joins it.
 */
import type { Cache } from '#kube/cluster.ts'
import { byAge, namespaceOf, type Service } from '../objects.ts'
import { type Annotations, annotationsOf } from './annotations.ts'
import { type CanaryRules, canaryRules } from './canary.ts'
import type { Ingress, IngressBackend, IngressPath } from './wire.ts'

export type Target = {
  readonly namespace: string
  readonly service: string
  readonly port: number
  /** `NAMESPACE-SERVICE-PORT`, as it calls its upstreams. */
  readonly upstream: string
}

export type Location = {
  readonly ingress: Ingress
  readonly annotations: Annotations
  /** `*` where the rule has none. */
  readonly host: string
  readonly path: string
  readonly type: 'Exact' | 'Prefix' | 'ImplementationSpecific'
  readonly target: Target
  readonly canary: { readonly rules: CanaryRules; readonly target: Target } | undefined
}

export type Servers = ReadonlyMap<string, readonly Location[]>

/** @param told is given a sentence for each Ingress that cannot be read and so is left out */
export function serversOf(
  ingresses: readonly Ingress[],
  services: Cache<Service>,
  told: (defect: string) => void,
): Servers {
  const servers = new Map<string, Location[]>()
  const each = (ingress: Ingress, visit: (annotations: Annotations) => void): void => {
    try {
      visit(annotationsOf(ingress))
    } catch (error) {
      told(`Ingress ${namespaceOf(ingress)}/${ingress.metadata.name}: ${(error as Error).message}`)
    }
  }
  const sorted = ingresses.toSorted(byAge)
  for (const ingress of sorted) {
    each(ingress, (annotations) => {
      if (canaryRules(annotations) === undefined)
        addMain(servers, { ingress, annotations, services })
    })
  }
  for (const ingress of sorted) {
    each(ingress, (annotations) => {
      const rules = canaryRules(annotations)
      if (rules !== undefined) joinCanary(servers, { ingress, rules, services })
    })
  }
  return servers
}

type Place = Pick<Location, 'host' | 'path' | 'type'> & { readonly target: Target }

function addMain(
  servers: Map<string, Location[]>,
  given: {
    readonly ingress: Ingress
    readonly annotations: Annotations
    readonly services: Cache<Service>
  },
): void {
  const { ingress, annotations } = given
  const places = placesOf(ingress, given.services)
  const aliases = (annotations.text('server-alias') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && !servers.has(name))
  for (const place of places) {
    for (const host of [place.host, ...aliases]) {
      const locations = servers.get(host) ?? []
      servers.set(host, locations)
      if (locations.some((other) => other.path === place.path && other.type === place.type))
        continue
      locations.push({ ...place, host, ingress, annotations, canary: undefined })
    }
  }
}

function joinCanary(
  servers: Map<string, Location[]>,
  given: {
    readonly ingress: Ingress
    readonly rules: CanaryRules
    readonly services: Cache<Service>
  },
): void {
  for (const { host, path, type, target } of placesOf(given.ingress, given.services)) {
    const locations = servers.get(host) ?? []
    const index = locations.findIndex((other) => other.path === path && other.type === type)
    const main = locations[index]
    // Only the first one counts, and a canary of a Service with itself is none.
    if (main === undefined || main.canary !== undefined) continue
    if (main.target.upstream === target.upstream) continue
    locations[index] = { ...main, canary: { rules: given.rules, target } }
  }
}

function placesOf(ingress: Ingress, services: Cache<Service>): readonly Place[] {
  const { rules = [], defaultBackend } = ingress.spec ?? {}
  const places = rules.flatMap(({ host, http }) =>
    (http?.paths ?? []).flatMap((path) => {
      const target = targetOf(ingress, path.backend, services)
      return target === undefined ? [] : [{ ...placeOf(host, path), target }]
    }),
  )
  const rest = defaultBackend && targetOf(ingress, defaultBackend, services)
  if (rest === undefined) return places
  // What no rule of its hosts takes goes to the default; without rules that is everything.
  const hosts = rules.length === 0 ? ['*'] : [...new Set(places.map(({ host }) => host))]
  const taken = new Set(places.filter(({ path }) => path === '/').map(({ host }) => host))
  return [
    ...places,
    ...hosts
      .filter((host) => !taken.has(host))
      .map((host): Place => ({ host, path: '/', type: 'Prefix', target: rest })),
  ]
}

function placeOf(host: string | undefined, { path, pathType }: IngressPath): Omit<Place, 'target'> {
  const type = pathType === 'Exact' || pathType === 'Prefix' ? pathType : 'ImplementationSpecific'
  return {
    host: host === undefined || host === '' ? '*' : host.toLowerCase(),
    path: path === undefined || path === '' ? '/' : path,
    type,
  }
}

function targetOf(
  ingress: Ingress,
  { service }: IngressBackend,
  services: Cache<Service>,
): Target | undefined {
  if (service === undefined) return undefined
  const namespace = namespaceOf(ingress)
  const { name, port } = service
  const named = services
    .get(`${namespace}/${name}`)
    ?.spec?.ports?.find((one) => one.name === port?.name)
  return {
    namespace,
    service: name,
    port: port?.number ?? named?.port ?? 0,
    upstream: `${namespace}-${name}-${port?.name ?? port?.number ?? 0}`,
  }
}
