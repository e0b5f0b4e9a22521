/** What a cluster knows of a Deployment that a first manifest needs: its Services, its route, who scales it. */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Service, Workload } from '#core/k8s/workloads.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { UsageError } from '#releases/errors.ts'

export type Found = {
  readonly deployment: Workload
  readonly service: Service
  /** Others that select its pods too. */
  readonly otherServices: readonly string[]
  readonly route: RouteFound | undefined
  /** Name of the autoscaler that writes its number of pods. */
  readonly autoscaler: string | undefined
  /** Base URL of a Prometheus in the cluster. */
  readonly prometheus: string | undefined
}

export type RouteFound = { readonly router: string; readonly object: KubeObject }

const routeKinds: readonly (readonly [string, Kind])[] = [
  ['gateway-api', kinds.httpRoute],
  ['grpc', kinds.grpcRoute],
  ['istio', kinds.virtualService],
  ['nginx', kinds.ingress],
]

/** @throws UsageError where there is no such Deployment, or no Service sends to it. */
export async function findAround(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<Found> {
  const deployment = await deploymentNamed(cluster, namespace, name)
  const services = (await cluster.list<Service>(kinds.service, { namespace })).items
  const own = services.filter((service) => selects(service, deployment))
  const routes = await Promise.all(
    routeKinds.map(async ([router, kind]) =>
      (await known(cluster, kind, namespace)).map((object) => ({ router, object })),
    ),
  )
  const [chosen] = own
    .map((service) => ({
      service,
      route: routes.flat().find(({ object }) => mentions(object, service.metadata.name)),
    }))
    .toSorted((one, other) => Number(one.route === undefined) - Number(other.route === undefined))
  if (chosen === undefined)
    throw new UsageError(
      `no Service in ${namespace} selects the pods of Deployment ${name}; create one, so that there is traffic to split`,
    )
  return {
    deployment,
    ...chosen,
    otherServices: own.filter((one) => one !== chosen.service).map(({ metadata }) => metadata.name),
    autoscaler: await autoscalerOf(cluster, namespace, name),
    prometheus: await prometheusIn(cluster),
  }
}

async function deploymentNamed(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<Workload> {
  try {
    return await cluster.get<Workload>(kinds.deployment, { namespace, name })
  } catch (error) {
    if (!isKube(error, 'NotFound')) throw error
    const { items } = await cluster.list(kinds.deployment, { namespace })
    const there = items.map(({ metadata }) => metadata.name).join(', ')
    throw new UsageError(
      `there is no Deployment ${name} in namespace ${namespace}; there ${there === '' ? 'are none' : `are ${there}`}`,
    )
  }
}

function selects({ spec }: Service, { spec: { template } }: Workload): boolean {
  const wanted = Object.entries(spec.selector ?? {})
  const labels = template.metadata?.labels ?? {}
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value)
}

/** None where the cluster does not serve the kind. */
async function known(
  cluster: Cluster,
  kind: Kind,
  namespace: string,
): Promise<readonly KubeObject[]> {
  try {
    const { items } = await cluster.list(kind, { namespace })
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
    return items.map((item) => ({ ...item, apiVersion, kind: kind.kind }))
  } catch (error) {
    if (isKube(error, 'NotFound', 'Forbidden')) return []
    throw error
  }
}

/** Whether a routing object sends to this Service. */
function mentions({ kind, metadata, ...rest }: KubeObject, service: string): boolean {
  const { spec } = rest as { readonly spec?: unknown }
  const key = kind === 'VirtualService' ? 'host' : 'name'
  return anywhere(spec, (value) => {
    const host = value[key]
    if (typeof host !== 'string') return false
    return (
      host === service || (key === 'host' && host.startsWith(`${service}.${metadata.namespace}`))
    )
  })
}

function anywhere(
  value: unknown,
  holds: (value: Readonly<Record<string, unknown>>) => boolean,
): boolean {
  if (typeof value !== 'object' || value === null) return false
  const own = value as Readonly<Record<string, unknown>>
  return holds(own) || Object.values(own).some((member) => anywhere(member, holds))
}

type Scaler = KubeObject & {
  readonly spec?: { readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string } }
}

async function autoscalerOf(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<string | undefined> {
  const { status, body } = await cluster.raw({
    path: `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`,
  })
  if (status !== 200) return undefined
  const { items = [] } = JSON.parse(body) as { items?: readonly Scaler[] }
  const isItsOwn = ({ spec }: Scaler): boolean =>
    spec?.scaleTargetRef?.kind === 'Deployment' && spec.scaleTargetRef.name === name
  return items.find(isItsOwn)?.metadata.name
}

async function prometheusIn(cluster: Cluster): Promise<string | undefined> {
  try {
    const { items } = await cluster.list<Service>(kinds.service)
    const found = items.find(
      ({ metadata, spec }) =>
        /prometheus/.test(metadata.name) && spec.ports?.some(({ port }) => port === 9090) === true,
    )
    if (found === undefined) return undefined
    return `http://${found.metadata.name}.${found.metadata.namespace}.svc:9090`
  } catch (error) {
    // Who may read one namespace only is not told of others.
    if (isKube(error, 'Forbidden')) return undefined
    throw error
  }
}
