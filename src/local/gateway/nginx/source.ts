/**
 * Ingresses as ingress-nginx serves them: those of a class with its controller, canary annotations, certificates, and an
 * address in their status. That a change is served is told by nothing.
 */
import { kinds } from '#core/k8s/kinds.ts'
import { contextOf } from '../certificates.ts'
import { namespaceOf } from '../objects.ts'
import type { Certificate, OpenSource, Surroundings } from '../source.ts'
import { writeStatus } from '../status-writer.ts'
import { serverEntries, wwwPartner } from './entries.ts'
import { serversOf } from './locations.ts'
import type { Ingress, IngressClass } from './wire.ts'

const controller = 'k8s.io/ingress-nginx'
const classAnnotation = 'kubernetes.io/ingress.class'

export const ingressNginx: OpenSource = (around) => {
  const { cluster, shared } = around
  const ingresses = cluster.watch<Ingress>(kinds.ingress)
  const classes = cluster.watch<IngressClass>(kinds.ingressClass)
  return {
    name: 'ingress-nginx',
    caches: [ingresses, classes],
    read: () => {
      const defects: string[] = []
      const told = (defect: string): void => void defects.push(defect)
      const isOurs = ({ spec, metadata }: Ingress): boolean => {
        const name = spec?.ingressClassName ?? metadata.annotations?.[classAnnotation]
        return name !== undefined && classes.get(name)?.spec?.controller === controller
      }
      const ours = [...ingresses.values()].filter(isOurs)
      const servers = serversOf(ours, shared.services, told)
      const { certificates, secure } = certificatesOf(ours, around, told)
      const entries = serverEntries(servers, {
        configMaps: shared.configMaps,
        isSecure: (host) => secure.has(host) || secure.has(host.replace(/^[^.]+/, '*')),
        told,
      })
      return {
        entries,
        certificates,
        defects,
        writes: ours.map(
          (object) => () =>
            writeStatus(cluster, {
              kind: kinds.ingress,
              object,
              wanted: () => ({ loadBalancer: { ingress: [{ ip: around.address }] } }),
            }),
        ),
      }
    },
  }
}

function certificatesOf(
  ingresses: readonly Ingress[],
  { shared }: Surroundings,
  told: (defect: string) => void,
) {
  const certificates: Certificate[] = []
  const forPartners: Certificate[] = []
  // A host is secure even when its Secret is not there: the fallback serves it until it comes.
  const secure = new Set<string>()
  for (const ingress of ingresses) {
    const ruleHosts = (ingress.spec?.rules ?? []).map(({ host = '*' }) => host)
    for (const { hosts = [], secretName } of ingress.spec?.tls ?? []) {
      const names = (hosts.length === 0 ? ruleHosts : hosts).map((host) => host.toLowerCase())
      for (const name of names) secure.add(name)
      if (secretName === undefined) continue
      const key = `${namespaceOf(ingress)}/${secretName}`
      try {
        const context = contextOf(shared.secrets.get(key), key)
        const partners = names.filter((name) => !name.startsWith('*')).map(wwwPartner)
        certificates.push(...names.map((host) => ({ host, context })))
        forPartners.push(...partners.map((host) => ({ host, context })))
      } catch (error) {
        told(
          `Ingress ${namespaceOf(ingress)}/${ingress.metadata.name}: ${(error as Error).message}`,
        )
      }
    }
  }
  // The redirect from the other name comes last: that name may have a certificate of its own.
  return { certificates: [...certificates, ...forPartners], secure }
}
