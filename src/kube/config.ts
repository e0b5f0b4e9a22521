/**
 * Finds the cluster: an explicit kubeconfig, then KUBECONFIG, then the service account of the pod
 * we run in, then ~/.kube/config, then a bare address handed in by old settings. The first that
 * exists counts, and must be right.
 */
import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type ClusterConfig, plainConfig } from './cluster-config.ts'
import { ConfigError } from './config-error.ts'
import { inClusterConfig, serviceAccountFolder } from './in-cluster.ts'
import { readKubeconfigs } from './kubeconfig.ts'
import { resolveContext } from './kubeconfig-context.ts'

export type ConfigOptions = {
  /** `--kubeconfig`. The file must exist. */
  readonly kubeconfig?: string
  readonly context?: string
  /** Overrides the namespace of the context. */
  readonly namespace?: string
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default the user's home folder. */
  readonly home?: string
  /** Where a pod finds its service account. Default the place Kubernetes mounts it. */
  readonly serviceAccount?: string
  /** Old settings (K8S_API_SERVER, TOKEN, NAMESPACE): they count only where nothing else exists. */
  readonly bare?: { readonly server: string; readonly token?: string; readonly namespace?: string }
}

/** @throws ConfigError: one sentence that says what is wrong, where, and what to do. */
export async function loadConfig(options: ConfigOptions = {}): Promise<ClusterConfig> {
  const found = await findConfig(options)
  return options.namespace === undefined ? found : { ...found, namespace: options.namespace }
}

async function findConfig(options: ConfigOptions): Promise<ClusterConfig> {
  const { env = process.env, bare, context } = options
  if (options.kubeconfig !== undefined) return fromFiles([options.kubeconfig], 'all', options)
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  if (listed.length > 0) return fromFiles(listed, 'some', options)
  const folder = options.serviceAccount ?? serviceAccountFolder
  // A context can only mean one of a kubeconfig.
  const pod = context === undefined ? await inClusterConfig(env, folder) : undefined
  if (pod !== undefined) return pod
  // Asked no earlier: a pod's user may have no home, and asking for it then is an error.
  const usual = join(options.home ?? homedir(), '.kube', 'config')
  if (await exists(usual)) return fromFiles([usual], 'all', options)
  if (bare !== undefined) return fromBare(bare)
  throw new ConfigError(
    `no cluster is configured: there is no ${usual}, KUBECONFIG is not set, and this is not a pod; ` +
      'name a kubeconfig with --kubeconfig FILE, or start a cluster with `headgate local`',
  )
}

async function fromFiles(
  paths: readonly string[],
  must: 'all' | 'some',
  { context, env = process.env }: ConfigOptions,
): Promise<ClusterConfig> {
  const merged = await readKubeconfigs(paths, must)
  return resolveContext(merged, { context, env })
}

function fromBare(bare: NonNullable<ConfigOptions['bare']>): ClusterConfig {
  const { server, token, namespace = 'default' } = bare
  if (!URL.canParse(server)) {
    throw new ConfigError(
      `the API server ${JSON.stringify(server)} is not a URL; write https://HOST:PORT`,
    )
  }
  return plainConfig(server, {
    namespace,
    source: 'old settings',
    credentials: token === undefined ? { kind: 'none' } : { kind: 'token', token },
    warnings: ['the cluster comes from old settings; name a kubeconfig with --kubeconfig instead'],
  })
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
