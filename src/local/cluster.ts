/**
 * A whole local cluster in one process tree: an API server in memory, and around it ordinary API clients: the workload
 * controllers, the kubelet with its pods, the gateway and the Prometheus endpoint. A stand-in for tests and trying out;
 * nobody runs production on it.
 */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import { isKube } from '#kube/errors.ts'
import type { Ports } from '#kube/ports.ts'
import { systemPorts } from '#kube/system.ts'
import { type RunningApiServer, startApiServer } from './api-server/start.ts'
import { startWorkloads } from './controllers/start.ts'
import { gatewayApiCrds, localGateway, localGatewayClass } from './crds/gateway-api.ts'
import { nginxIngressClass } from './crds/ingress-nginx.ts'
import { istioCrds } from './crds/istio.ts'
import { established } from './definitions.ts'
import { type LocalGateway, startGateway } from './gateway/start.ts'
import type { Runtime } from './kubelet/runtime.ts'
import { startKubelet } from './kubelet/start.ts'
import { type LocalPrometheus, startPrometheus } from './prometheus/start.ts'

export type LocalClusterOptions = {
  /** Further CustomResourceDefinitions, those of doors. */
  readonly crds?: readonly KubeObject[]
  /** Preferred port of the gateway; a free one where it is taken. */
  readonly gatewayPort?: number
  readonly followDelayMs?: number
  /** Runs all clocks so many times as fast. Default 1. */
  readonly speed?: number
  readonly allowCommands?: boolean
  /** Pods that get a process of their own before they share one. Default 40. */
  readonly ownProcesses?: number
  /** Told of what went wrong inside and is tried again. */
  readonly report?: (part: string, error: unknown) => void
}

export type LocalCluster = {
  readonly apiServer: RunningApiServer
  readonly gateway: LocalGateway
  readonly prometheus: LocalPrometheus
  /** A client with all rights, in memory. */
  readonly cluster: Cluster
  readonly stop: () => Promise<void>
}

export async function startLocalCluster(options: LocalClusterOptions = {}): Promise<LocalCluster> {
  const { speed = 1, report = () => {} } = options
  const ports = systemPorts({ speed })
  const apiServer = await startApiServer({ ports })
  const clients: Cluster[] = []
  const client = (userAgent: string): Cluster => {
    const made = connectTo(apiServer.transport(), ports, { userAgent })
    clients.push(made)
    return made
  }
  const close = async (): Promise<void> => {
    await Promise.all(clients.map((one) => one.close()))
    await apiServer.close()
  }
  try {
    const parts = await startParts(client, ports, options)
    const workloads = await startWorkloads(client('kube-controller-manager'), ports, {
      report: (trouble) => report('controllers', trouble),
    })
    return {
      apiServer,
      gateway: parts.gateway,
      prometheus: parts.prometheus,
      cluster: parts.admin,
      stop: async () => {
        await workloads.stop()
        await parts.stop()
        await close()
      },
    }
  } catch (error) {
    // A server that nobody stops would keep the process from ending.
    await close()
    throw error
  }
}

export type ClusterParts = {
  readonly admin: Cluster
  readonly gateway: LocalGateway
  readonly prometheus: LocalPrometheus
  readonly stop: () => Promise<void>
}

/** All that stands around an API server and its controllers, whichever they are: definitions, kubelet, gateway, Prometheus. */
export async function startParts(
  client: (userAgent: string) => Cluster,
  ports: Ports,
  options: LocalClusterOptions & { readonly runtime?: Runtime },
): Promise<ClusterParts> {
  const {
    speed = 1,
    report = () => {},
    followDelayMs,
    allowCommands,
    ownProcesses,
    gatewayPort,
    runtime,
  } = options
  const admin = client('headgate-local')
  const crds = [...gatewayApiCrds(), ...istioCrds(), ...(options.crds ?? [])]
  await Promise.all(crds.map((crd) => ensure(admin, kinds.customResourceDefinition, crd)))
  await established(
    admin,
    crds.map(({ metadata }) => metadata.name),
  )

  const kubelet = await startKubelet(client('kubelet'), ports, {
    speed,
    ...(runtime === undefined ? {} : { runtime }),
    ...(allowCommands === undefined ? {} : { allowCommands }),
    ...(ownProcesses === undefined ? {} : { ownProcesses }),
    report: (key, error) => report(`kubelet ${key}`, error),
  })
  const gateway = await startGateway(client('gateway'), ports, {
    ...(followDelayMs === undefined ? {} : { followDelayMs }),
    ...(gatewayPort === undefined ? {} : { port: gatewayPort }),
    report: (error) => report('gateway', error),
  })
  const prometheus = await startPrometheus(client('prometheus'), ports, {
    extraTargets: [{ job: 'gateway', metrics: gateway.metrics }],
  })
  await ensure(admin, kinds.ingressClass, nginxIngressClass)
  await ensure(admin, kinds.gatewayClass, localGatewayClass)
  await ensure(admin, kinds.gateway, localGateway(gateway.port))

  return {
    admin,
    gateway,
    prometheus,
    stop: async () => {
      await prometheus.stop()
      await gateway.stop()
      await kubelet.stop()
    },
  }
}

async function ensure(cluster: Cluster, kind: Kind, object: KubeObject): Promise<void> {
  try {
    await cluster.create(kind, object)
  } catch (error) {
    if (!isKube(error, 'AlreadyExists')) throw error
  }
}
