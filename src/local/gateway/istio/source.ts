/** Istio: from VirtualServices, DestinationRules and Gateways to entries. No object of these says that it is served. */
import { contextOf } from '../certificates.ts'
import { keyOf, namespaceOf } from '../objects.ts'
import type { Certificate, OpenSource, Surroundings } from '../source.ts'
import type { Entry } from '../table.ts'
import { destinations } from './destinations.ts'
import { bindings, gatewaysByKey, schemeOf, serverHosts } from './gateways.ts'
import { virtualServiceEntries } from './virtual-service.ts'
import {
  type DestinationRule,
  destinationRuleKind,
  type IstioGateway,
  istioGatewayKind,
  type VirtualService,
  virtualServiceKind,
} from './wire.ts'

export const istio: OpenSource = (around) => {
  const { cluster, shared } = around
  const virtuals = cluster.watch<VirtualService>(virtualServiceKind)
  const rules = cluster.watch<DestinationRule>(destinationRuleKind)
  const gateways = cluster.watch<IstioGateway>(istioGatewayKind)
  return {
    name: 'istio',
    caches: [virtuals, rules, gateways],
    read: () => {
      const defects: string[] = []
      const byKey = gatewaysByKey(gateways.values())
      const to = destinations(rules.values(), shared.services)
      const entries = [...virtuals.values()].flatMap((virtual) => {
        try {
          return virtualServiceEntries(virtual, bindings(virtual, byKey), to)
        } catch (error) {
          defects.push(`VirtualService ${keyOf(virtual)}: ${(error as Error).message}`)
          return []
        }
      })
      const certificates = [...byKey.values()].flatMap((gateway) =>
        certificatesOf(gateway, around, (defect) => defects.push(defect)),
      )
      const redirects = [...byKey.values()].flatMap(redirectEntries)
      return { entries: [...redirects, ...entries], certificates, writes: [], defects }
    },
  }
}

// Istio looks where its gateway's pods are; here that may be the Gateway's own namespace too.
function certificatesOf(
  gateway: IstioGateway,
  { shared }: Surroundings,
  told: (defect: string) => void,
): readonly Certificate[] {
  const home = namespaceOf(gateway)
  return (gateway.spec?.servers ?? []).flatMap((server) => {
    const name = server.tls?.credentialName
    if (schemeOf(server) !== 'https' || name === undefined) return []
    const secret =
      shared.secrets.get(`${home}/${name}`) ?? shared.secrets.get(`istio-system/${name}`)
    try {
      const context = contextOf(secret, `${home}/${name}`)
      return serverHosts(server.hosts ?? [], undefined, home).map((host) => ({ host, context }))
    } catch (error) {
      told(`Gateway ${keyOf(gateway)}: ${(error as Error).message}`)
      return []
    }
  })
}

/** Servers that send every request to TLS, before any rule is asked. */
function redirectEntries(gateway: IstioGateway): readonly Entry[] {
  const { name } = gateway.metadata
  const home = namespaceOf(gateway)
  return (gateway.spec?.servers ?? []).flatMap((server) => {
    if (server.tls?.httpsRedirect !== true || schemeOf(server) !== 'http') return []
    return serverHosts(server.hosts ?? [], undefined, home).map(
      (host): Entry => ({
        route: { router: 'istio', namespace: home, name },
        host,
        schemes: ['http'],
        matches: () => true,
        rank: [-1],
        filters: [{ kind: 'redirect', scheme: 'https', port: 'own', status: 301 }],
        backends: [],
        limits: {},
        rule: {},
      }),
    )
  })
}
