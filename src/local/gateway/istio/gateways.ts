/** Which hosts a VirtualService is served under, through its Gateways and inside the mesh. */
import { narrower } from '../host-names.ts'
import { keyOf, namespaceOf } from '../objects.ts'
import type { Scheme } from '../table.ts'
import { fullName, meshNames, serviceOf } from './hosts.ts'
import type { IstioGateway, VirtualService } from './wire.ts'

/** A name under which a VirtualService is asked for, by whom it came. */
export type Binding = {
  readonly gateway: string
  readonly host: string
  readonly schemes: readonly Scheme[]
}

/** One for each pair of gateway and host; `gateway` as the VirtualService writes it. */
export function bindings(
  virtual: VirtualService,
  gateways: ReadonlyMap<string, IstioGateway>,
): readonly Binding[] {
  const home = namespaceOf(virtual)
  const { hosts = [], gateways: names = ['mesh'] } = virtual.spec ?? {}
  const all = names.flatMap((name): readonly Binding[] => {
    if (name === 'mesh') {
      const schemes = ['http', 'https'] as const
      return hosts.flatMap((host) =>
        meshNames(fullName(host, home)).map((one) => ({ gateway: name, host: one, schemes })),
      )
    }
    const gateway = gateways.get(name.includes('/') ? name : `${home}/${name}`)
    return gateway === undefined ? [] : throughGateway(virtual, name, gateway)
  })
  return all.filter((one) => !isOutdone(one, all))
}

// Both ways come in by one port here: a Service's name means the mesh, any other name the gateway.
function isOutdone({ gateway, host }: Binding, all: readonly Binding[]): boolean {
  const isInside = gateway === 'mesh'
  const otherWay = all.some(
    (other) => other.host === host && (other.gateway === 'mesh') !== isInside,
  )
  return otherWay && (serviceOf(host) !== undefined) !== isInside
}

function throughGateway(
  virtual: VirtualService,
  name: string,
  gateway: IstioGateway,
): readonly Binding[] {
  const home = namespaceOf(virtual)
  const byHost = new Map<string, Set<Scheme>>()
  for (const server of gateway.spec?.servers ?? []) {
    const scheme = schemeOf(server)
    if (scheme === undefined) continue
    for (const served of serverHosts(server.hosts ?? [], home, namespaceOf(gateway))) {
      for (const wanted of virtual.spec?.hosts ?? []) {
        const host = narrower(served, fullName(wanted, home))
        if (host === undefined) continue
        byHost.set(host, (byHost.get(host) ?? new Set<Scheme>()).add(scheme))
      }
    }
  }
  return [...byHost].map(([host, schemes]) => ({ gateway: name, host, schemes: [...schemes] }))
}

type Server = NonNullable<NonNullable<IstioGateway['spec']>['servers']>[number]

/** How a server is asked; undefined for one that is not HTTP or does not end TLS. */
export function schemeOf({ port, tls }: Server): Scheme | undefined {
  const protocol = (port?.protocol ?? '').toUpperCase()
  if (['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB'].includes(protocol)) return 'http'
  const ends = tls?.mode === undefined || tls.mode === 'SIMPLE' || tls.mode === 'OPTIONAL_MUTUAL'
  return protocol === 'HTTPS' && ends ? 'https' : undefined
}

/** Hosts of a server that VirtualServices of a namespace may use: a host, with or without a namespace before it. */
export function serverHosts(
  hosts: readonly string[],
  asker: string | undefined,
  home: string,
): readonly string[] {
  return hosts.flatMap((written) => {
    const [first = '', second] = written.split('/')
    const host = (second ?? first).toLowerCase()
    const space = second === undefined || first === '*' ? undefined : first === '.' ? home : first
    return asker === undefined || space === undefined || space === asker ? [host] : []
  })
}

export function gatewaysByKey(all: Iterable<IstioGateway>): ReadonlyMap<string, IstioGateway> {
  return new Map([...all].map((gateway) => [keyOf(gateway), gateway]))
}
