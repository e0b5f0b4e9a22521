/** Translates the locations of one server into entries of the routing table. */
import type { Cache } from '#kube/cluster.ts'
import type { ConfigMap } from '../objects.ts'
import { namespaceOf } from '../objects.ts'
import type { BackendRef, Entry, Filter, RequestView, RouteId } from '../table.ts'
import { canaryShares, type Share } from './canary.ts'
import {
  filtersOf,
  isForAcme,
  limitsOf,
  protocolOf,
  redirectOf,
  sessionOf,
  toHost,
  toHttps,
} from './features.ts'
import type { Location, Servers, Target } from './locations.ts'
import { hasExpressions, type PathRule, pathRule } from './paths.ts'

export type ServerFacts = {
  readonly configMaps: Cache<ConfigMap>
  /** Hosts with a certificate of an Ingress. */
  readonly isSecure: (host: string) => boolean
  readonly told: (defect: string) => void
}

export function serverEntries(servers: Servers, facts: ServerFacts): readonly Entry[] {
  return [...servers].flatMap(([host, locations]) => {
    const areExpressions = hasExpressions(locations)
    const own = locations.flatMap((location) => {
      try {
        return locationEntries(location, pathRule(location, areExpressions), facts)
      } catch (error) {
        const { ingress, path } = location
        facts.told(
          `Ingress ${namespaceOf(ingress)}/${ingress.metadata.name}, path ${path}: ${(error as Error).message}`,
        )
        return []
      }
    })
    return [...own, ...wwwEntries(host, locations, servers)]
  })
}

function locationEntries(location: Location, rule: PathRule, facts: ServerFacts): readonly Entry[] {
  const { annotations, host, path } = location
  const protocol = protocolOf(annotations)
  if (protocol === undefined) throw new Error('only backend-protocol HTTP and GRPC are served')
  const redirect = redirectOf(annotations)
  const session = sessionOf(annotations)
  const onHost = isOnHost(host)
  const base: Omit<Entry, 'matches' | 'rank' | 'backends' | 'rule'> = {
    route: idOf(location),
    host,
    filters:
      redirect === undefined ? filtersOf(location, rule.expression, facts.configMaps) : [redirect],
    limits: limitsOf(annotations),
    protocol,
    ...(session === undefined ? {} : { session }),
  }
  const matches = (request: RequestView): boolean => onHost(request) && rule.matches(request)
  const { main, canary } = backendsOf(location)
  const shares: readonly Share[] = location.canary
    ? canaryShares(location.canary.rules)
    : [{ matches: () => true, main: 1, canary: 0 }]
  const serving = shares.map(
    (share, index): Entry => ({
      ...base,
      matches: (request) => matches(request) && share.matches(request),
      rank: [...rule.rank, 1 + index, path],
      backends: [
        { ...main, weight: share.main },
        ...(canary === undefined ? [] : [{ ...canary, weight: share.canary }]),
      ],
      rule: {},
    }),
  )
  return [
    ...httpsOnly(location, base, matches, facts).map((entry) => ({
      ...entry,
      rank: [...rule.rank, 0, path],
    })),
    ...serving,
  ]
}

function httpsOnly(
  { annotations, host, path }: Location,
  base: Omit<Entry, 'matches' | 'rank' | 'backends' | 'rule'>,
  matches: Entry['matches'],
  { isSecure }: ServerFacts,
): readonly Entry[] {
  const wanted = isSecure(host) && (annotations.flag('ssl-redirect') ?? true)
  const forced = annotations.flag('force-ssl-redirect') === true
  if ((!wanted && !forced) || isForAcme(path)) return []
  const filters: readonly Filter[] = [toHttps]
  return [{ ...base, schemes: ['http'], matches, rank: [], filters, backends: [], rule: {} }]
}

function backendsOf(location: Location): {
  readonly main: Omit<BackendRef, 'weight'>
  readonly canary: Omit<BackendRef, 'weight'> | undefined
} {
  const { target, canary, annotations, host, path } = location
  const labels = { service: target.service, host, path }
  const main = { ...addressOf(target), filters: [], seriesLabels: { ...labels, canary: '' } }
  if (canary === undefined) return { main, canary: undefined }
  const isSessionless = annotations.text('affinity-canary-behavior') === 'legacy'
  const { upstream } = canary.target
  return {
    main,
    canary: {
      ...addressOf(canary.target),
      filters: [],
      seriesLabels: { ...labels, canary: upstream },
      standIn: { ...main, weight: 1 },
      ...(isSessionless ? { isSessionless } : {}),
    },
  }
}

function addressOf({ namespace, service, port }: Target) {
  return { namespace, service, port }
}

// A wildcard stands for one label here, not for any number of them.
function isOnHost(host: string): (request: RequestView) => boolean {
  if (!host.startsWith('*.')) return () => true
  const depth = host.split('.').length
  return ({ authority }) => authority.split('.').length === depth
}

/** The other of a host with and without `www.`, where no Ingress has that one itself. */
export function wwwPartner(host: string): string {
  return host.startsWith('www.') ? host.slice(4) : `www.${host}`
}

function wwwEntries(
  host: string,
  locations: readonly Location[],
  servers: Servers,
): readonly Entry[] {
  const asking = locations.find(({ annotations }) => annotations.flag('from-to-www-redirect'))
  const partner = wwwPartner(host)
  if (asking === undefined || host.startsWith('*') || servers.has(partner)) return []
  return [
    {
      route: idOf(asking),
      host: partner,
      matches: () => true,
      rank: [],
      filters: [toHost(host)],
      backends: [],
      limits: {},
      rule: {},
    },
  ]
}

function idOf({ ingress }: Location): RouteId {
  return { router: 'nginx', namespace: namespaceOf(ingress), name: ingress.metadata.name }
}
