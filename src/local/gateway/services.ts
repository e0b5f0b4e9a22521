/**
 * Services asked by their own name, as clients inside a cluster do: NAME.NAMESPACE, also with .svc or .svc.cluster.local,
 * go to its ready endpoints as kube-proxy would send them, without a word from any route.
 */
import type { Cache } from '#kube/cluster.ts'
import type { Service, ServicePort } from './objects.ts'
import type { Entry, RequestView } from './table.ts'

/** The namespace and name that a host stands for, if it has the form of a Service's name. */
function serviceNamed(
  host: string,
): { readonly namespace: string; readonly name: string } | undefined {
  const found = /^([a-z0-9-]+)\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?$/.exec(host)
  if (found === null) return undefined
  return { name: found[1] ?? '', namespace: found[2] ?? '' }
}

/** Finds what a Service serves under its own name; the same record each time as long as the Service is the same. */
export function serviceEntries(
  services: Cache<Service>,
): (host: string, request: RequestView) => Entry | undefined {
  const made = new WeakMap<Service, Map<number, Entry>>()
  return (host, request) => {
    const named = serviceNamed(host)
    const service = named && services.get(`${named.namespace}/${named.name}`)
    if (named === undefined || service === undefined) return undefined
    const port = askedPort(service.spec?.ports ?? [], request.authority)?.port ?? 80
    const entries = made.get(service) ?? new Map<number, Entry>()
    made.set(service, entries)
    const entry = entries.get(port) ?? entryFor(named, host, port)
    entries.set(port, entry)
    return entry
  }
}

// The port that the client names, if the Service has it; a client of this gateway may have named the gateway's.
function askedPort(ports: readonly ServicePort[], authority: string): ServicePort | undefined {
  const asked = Number(/:(\d+)$/.exec(authority)?.[1] ?? 80)
  const is = (wanted: number) => ports.find(({ port }) => port === wanted)
  return is(asked) ?? is(80) ?? ports.find(({ name = '' }) => name.startsWith('http')) ?? ports[0]
}

function entryFor(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  host: string,
  port: number,
): Entry {
  return {
    route: { router: 'service', namespace, name },
    host,
    matches: () => true,
    rank: [],
    filters: [],
    backends: [{ namespace, service: name, port, weight: 1, filters: [] }],
    limits: {},
    rule: {},
  }
}
