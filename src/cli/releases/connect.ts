/** The way from the options that kubectl's users know to a cluster. */
import type { Cluster } from '#kube/cluster.ts'
import type { ClusterConfig } from '#kube/cluster-config.ts'
import { loadConfig } from '#kube/config.ts'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { socketTransport } from '#kube/transport.ts'
import { version } from '../version.ts'

export type ClusterOptions = {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

export type Connected = {
  readonly cluster: Cluster
  readonly config: ClusterConfig
  /** Of objects that name none: by option, else that of the context. */
  readonly namespace: string
}

/** Acts on the cluster and leaves nothing open behind. @throws ConfigError, KubeError. */
export async function withCluster<T>(
  { kubeconfig, context, namespace }: ClusterOptions,
  act: (connected: Connected) => Promise<T>,
): Promise<T> {
  const config = await loadConfig({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(namespace === undefined ? {} : { namespace }),
  })
  const ports = systemPorts()
  const cluster = connectTo(socketTransport(config, ports), ports, {
    userAgent: `headgate/${version}`,
  })
  try {
    return await act({ cluster, config, namespace: config.namespace })
  } finally {
    await cluster.close()
  }
}
