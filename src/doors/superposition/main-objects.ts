/**
 * What stands in a namespace before the door comes: the main Service and Ingress that people made, by the document's
 * names or by the original's, and the Deployment that serves them. It goes on serving; nobody loses what they had.
 */
import type { Release } from '#core/api/release.ts'
import type { Ingress } from '#core/k8s/ingress.ts'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Service, Workload } from '#core/k8s/workloads.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { filled, serviceLabel } from './names.ts'
import type { MainObjects, Place } from './release.ts'
import type { Settings } from './settings.ts'

export type Found = {
  readonly main: MainObjects
  /** The Deployment behind the main Service, where people made both. */
  readonly serving: Workload | undefined
  /** Why what stands there cannot be taken over. */
  readonly problem: string | undefined
}

type Reader = Pick<Cluster, 'get' | 'list'>

/** Looks once, when a service is installed. */
export async function findMain(cluster: Reader, place: Place, settings: Settings): Promise<Found> {
  const { names } = settings.templates
  const documented = filled(names.mainService, place)
  const found =
    (await lookUp<Service>(cluster, kinds.service, place, documented)) ??
    (await lookUp<Service>(cluster, kinds.service, place, place.service))
  const service = found?.metadata.name ?? documented
  const main = { service, route: await routeFor(cluster, place, settings, service) }
  const selector = found?.spec.selector ?? {}
  const keys = Object.keys(selector)
  if (keys.length === 0) return { main, serving: undefined, problem: undefined }
  const serving = await servingFor(cluster, place, selector)
  if (serving === undefined) return { main, serving, problem: undefined }
  const strange = keys.find((key) => key !== 'app')
  const problem =
    strange === undefined
      ? undefined
      : `Service ${service} selects its pods by ${strange} too, which no variant has; let it select by app alone`
  return { main, serving, problem }
}

async function routeFor(
  cluster: Reader,
  place: Place,
  { router, templates }: Settings,
  service: string,
): Promise<string> {
  if (router !== 'nginx') return filled(templates.route, place)
  const documented = filled(templates.names.mainIngress, place)
  if ((await lookUp(cluster, kinds.ingress, place, documented)) !== undefined) return documented
  const { namespace } = place
  const { items } = await cluster.list<Ingress>(kinds.ingress, { namespace })
  const theirs = items.find((ingress) => !isCanary(ingress) && sendsTo(ingress, service))
  return theirs?.metadata.name ?? documented
}

function isCanary({ metadata }: Ingress): boolean {
  return metadata.annotations?.['nginx.ingress.kubernetes.io/canary'] === 'true'
}

function sendsTo({ spec }: Ingress, service: string): boolean {
  const paths = (spec?.rules ?? []).flatMap(({ http }) => http?.paths ?? [])
  return paths.some(({ backend }) => backend.service?.name === service)
}

/** The one Deployment whose pods a selector picks; undefined where there is none, or more than one. */
async function servingFor(
  cluster: Reader,
  { namespace }: Place,
  selector: Readonly<Record<string, string>>,
): Promise<Workload | undefined> {
  const { items } = await cluster.list<Workload>(kinds.deployment, { namespace })
  const matching = items.filter(({ spec }) => {
    const own = spec.template.metadata?.labels ?? {}
    return Object.entries(selector).every(([key, value]) => own[key] === value)
  })
  return matching.length === 1 ? matching[0] : undefined
}

async function lookUp<T extends KubeObject>(
  cluster: Reader,
  kind: Kind,
  { namespace }: Place,
  name: string,
): Promise<T | undefined> {
  try {
    return await cluster.get<T>(kind, { namespace, name })
  } catch (error) {
    if (isKube(error, 'NotFound')) return undefined
    throw error
  }
}

/** The release says that nothing leads to its pods. */
export function lacksRoute({ status }: Release): boolean {
  return status?.reason?.type === 'RouteMissing'
}

/** Makes the Ingress of a service that has none; everybody who is not on trial goes through it. It falls with its release. */
export async function makeIngress(
  cluster: Pick<Cluster, 'create'>,
  release: Release,
  { templates }: Settings,
): Promise<void> {
  const { metadata, spec } = release
  const { name: service, namespace = '', uid = '' } = metadata
  const words = { service, namespace }
  const { apiVersion, kind } = release
  const backend = { service: { name: spec.services.stable, port: { number: 80 } } }
  const ingress: Ingress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: spec.traffic.route ?? filled(templates.names.mainIngress, words),
      namespace,
      labels: { [serviceLabel]: service },
      annotations: templates.ingress.annotations,
      ownerReferences: [{ apiVersion, kind, name: service, uid, controller: true }],
    },
    spec: {
      ingressClassName: templates.ingress.className,
      rules: [
        {
          host: filled(templates.names.host, words),
          http: { paths: [{ path: '/', pathType: 'Prefix', backend }] },
        },
      ],
    },
  }
  await cluster.create<Ingress>(kinds.ingress, ingress).catch((error: unknown) => {
    if (!isKube(error, 'AlreadyExists')) throw error
  })
}
