/** From a destination to the pods of a Service: subsets and hashing as DestinationRules say. */
import type { Cache } from '#kube/cluster.ts'
import { parseGoDuration } from '../duration.ts'
import { byAge, namespaceOf, type Service } from '../objects.ts'
import type { BackendRef, HashKey } from '../table.ts'
import { fullName, serviceOf } from './hosts.ts'
import type { ConsistentHash, Destination, DestinationRule } from './wire.ts'

export type Destinations = {
  /** @param namespace of the VirtualService that names the destination */
  readonly backend: (to: Destination, namespace: string, weight: number) => BackendRef
}

export function destinations(
  rules: Iterable<DestinationRule>,
  services: Cache<Service>,
): Destinations {
  const byHost = Map.groupBy([...rules].sort(byAge), (rule) =>
    fullName(rule.spec?.host ?? '', namespaceOf(rule)),
  )
  // Of two namespaces with a rule for a host, that of the one who asks goes first, then that of the Service.
  const rulesFor = (host: string, namespace: string): readonly DestinationRule[] => {
    const found = byHost.get(host) ?? []
    const own = found.filter((rule) => namespaceOf(rule) === namespace)
    return own.length > 0 ? own : found
  }
  return {
    backend: (to, namespace, weight) => {
      const host = fullName(to.host, namespace)
      const service = serviceOf(host)
      if (service === undefined) {
        return broken(to, weight, `destination ${to.host} is no Service: write its full name`)
      }
      const found = rulesFor(host, namespace)
      const subset = found
        .flatMap(({ spec }) => spec?.subsets ?? [])
        .find(({ name }) => name === to.subset)
      if (to.subset !== undefined && subset === undefined) {
        return broken(to, weight, `no DestinationRule has subset ${to.subset} of ${host}`)
      }
      const general = found.find(({ spec }) => spec?.trafficPolicy !== undefined)?.spec
      const hash =
        subset?.trafficPolicy?.loadBalancer?.consistentHash ??
        general?.trafficPolicy?.loadBalancer?.consistentHash
      const key = hash === undefined ? undefined : hashKey(hash)
      const known = services.get(`${service.namespace}/${service.name}`)
      return {
        namespace: service.namespace,
        service: service.name,
        port: to.port?.number ?? known?.spec?.ports?.[0]?.port ?? 0,
        weight,
        filters: [],
        ...(subset === undefined ? {} : { podLabels: subset.labels ?? {} }),
        ...(key === undefined ? {} : { hash: key }),
      }
    },
  }
}

function broken(to: Destination, weight: number, message: string): BackendRef {
  const [service = '', namespace = 'unknown'] = to.host.split('.')
  return { namespace, service, port: 0, weight, filters: [], broken: { status: 503, message } }
}

function hashKey(hash: ConsistentHash): HashKey | undefined {
  const { httpCookie, httpHeaderName, httpQueryParameterName, useSourceIp } = hash
  if (httpCookie !== undefined) {
    const { name, path, ttl } = httpCookie
    const lifeMs = ttl === undefined ? undefined : (parseGoDuration(ttl) ?? 0)
    const maxAge = lifeMs === undefined || lifeMs === 0 ? undefined : Math.round(lifeMs / 1000)
    const cookie = {
      name,
      ...(path === undefined ? {} : { path }),
      ...(maxAge === undefined ? {} : { maxAge }),
    }
    // Without a lifetime the cookie is the application's own business.
    return { kind: 'cookie', cookie, isMade: lifeMs !== undefined }
  }
  if (httpHeaderName !== undefined) return { kind: 'header', name: httpHeaderName.toLowerCase() }
  if (httpQueryParameterName !== undefined) return { kind: 'query', name: httpQueryParameterName }
  return useSourceIp === true ? { kind: 'client' } : undefined
}
