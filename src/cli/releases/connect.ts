/** The way from the options that kubectl's users know to a cluster. */
import { parseDuration } from '#core/time.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { ClusterConfig } from '#kube/cluster-config.ts'
import { loadConfig } from '#kube/config.ts'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { socketTransport } from '#kube/transport.ts'
import { UsageError } from '#releases/errors.ts'
import { version } from '../version.ts'

export type ClusterOptions = {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly server?: string
  readonly token?: string
  readonly as?: string
  readonly asGroup?: readonly string[]
  readonly insecureSkipTlsVerify?: boolean
  readonly requestTimeout?: string
}

export type Connected = {
  readonly cluster: Cluster
  readonly config: ClusterConfig
  /** Of objects that name none: by option, else that of the context. */
  readonly namespace: string
}

/** Acts on the cluster and leaves nothing open behind. @throws ConfigError, KubeError, UsageError. */
export async function withCluster<T>(
  options: ClusterOptions,
  act: (connected: Connected) => Promise<T>,
): Promise<T> {
  const config = await configOf(options)
  const ports = systemPorts()
  const requestTimeoutMs = timeoutOf(options.requestTimeout)
  const cluster = connectTo(socketTransport(config, ports), ports, {
    userAgent: `headgate/${version}`,
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
  })
  try {
    return await act({ cluster, config, namespace: config.namespace })
  } finally {
    await cluster.close()
  }
}

/** What a kubeconfig says, with what was said beside it, as kubectl takes both. */
async function configOf(options: ClusterOptions): Promise<ClusterConfig> {
  const { kubeconfig, context, namespace, server } = options
  if (server !== undefined && !URL.canParse(server))
    throw new UsageError(`--server ${server} is no URL; write https://HOST:PORT`)
  const found = await loadConfig({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(server === undefined ? {} : { bare: { server } }),
  })
  const config = server === undefined ? found : { ...found, server, source: server }
  return impersonating(signedIn(config, options), options)
}

function signedIn(
  config: ClusterConfig,
  { token, insecureSkipTlsVerify = false }: ClusterOptions,
): ClusterConfig {
  const { tls } = config
  const known = token === undefined ? config : { ...config, credentials: bearing(token) }
  // A token is instead of all that the kubeconfig has, its certificate included.
  const certificate = token === undefined ? tls.certificate : undefined
  const trusted = insecureSkipTlsVerify
    ? { ...tls, certificate, insecure: true, ca: undefined }
    : { ...tls, certificate }
  return { ...known, tls: trusted }
}

function bearing(token: string): ClusterConfig['credentials'] {
  return { kind: 'token', token }
}

function impersonating(
  config: ClusterConfig,
  { as: user, asGroup: groups }: ClusterOptions,
): ClusterConfig {
  if (user === undefined && groups === undefined) return config
  if (user === undefined) throw new UsageError('--as-group is for --as; name the user, too')
  const impersonation = {
    'impersonate-user': user,
    ...(groups === undefined ? {} : { 'impersonate-group': [...groups] }),
  }
  return { ...config, impersonation }
}

/** @throws UsageError */
function timeoutOf(text: string | undefined): number | undefined {
  if (text === undefined || /^0[smh]?$/.test(text)) return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseDuration(text)
  if (ms === undefined)
    throw new UsageError(`--request-timeout ${text} is no duration; write one like 30s`)
  return ms
}
