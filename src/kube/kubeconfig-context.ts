/** One context of a kubeconfig as a configuration: certificates read, credentials chosen. */
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isRecord } from './answer.ts'
import type { ClusterConfig, TlsConfig } from './cluster-config.ts'
import { ConfigError } from './config-error.ts'
import type { ClientCertificate, Credentials } from './credentials.ts'
import type { ExecPlugin } from './exec-plugin.ts'
import { type Entry, type Kubeconfig, pathIn, textOf } from './kubeconfig.ts'
import { proxyFromEnvironment } from './proxy-environment.ts'

type Env = Readonly<Record<string, string | undefined>>

/** @throws ConfigError: one sentence that says what is wrong, where, and what to do. */
export async function resolveContext(
  config: Kubeconfig,
  { context, env }: { readonly context: string | undefined; readonly env: Env },
): Promise<ClusterConfig> {
  const name = context ?? config.currentContext
  const files = config.files.join(', ')
  if (name === undefined) {
    throw new ConfigError(
      `the kubeconfig ${files} has no current-context; choose one with --context NAME (${choices(config)})`,
    )
  }
  const entry = config.contexts.get(name)
  if (entry === undefined) {
    throw new ConfigError(
      `the kubeconfig ${files} has no context ${JSON.stringify(name)}; it has ${choices(config)}`,
    )
  }
  const cluster = part(config.clusters, entry, 'cluster', name)
  const user =
    textOf(entry.fields['user']) === undefined ? undefined : part(config.users, entry, 'user', name)
  const server = serverOf(cluster)
  return {
    server,
    namespace: textOf(entry.fields['namespace']) ?? 'default',
    source: `context ${name} in ${entry.file}`,
    inCluster: false,
    tls: await tlsOf(cluster, user),
    credentials: credentialsOf(user, { cluster, server, env }),
    impersonation: impersonationOf(user),
    proxyUrl: proxyOf(cluster) ?? proxyFromEnvironment(server, env),
    warnings: cluster.fields['insecure-skip-tls-verify'] === true ? [insecure(server)] : [],
  }
}

function choices({ contexts }: Kubeconfig): string {
  return contexts.size === 0 ? 'no contexts at all' : [...contexts.keys()].join(', ')
}

function insecure(server: string): string {
  return `the certificate of ${server} is not checked, since insecure-skip-tls-verify is set`
}

function part(
  all: ReadonlyMap<string, Entry>,
  context: Entry,
  role: 'cluster' | 'user',
  name: string,
): Entry {
  const wanted = textOf(context.fields[role])
  const entry = wanted === undefined ? undefined : all.get(wanted)
  if (entry !== undefined) return entry
  const what =
    wanted === undefined
      ? `names no ${role}`
      : `names the ${role} ${JSON.stringify(wanted)}, which does not exist`
  throw new ConfigError(
    `the context ${JSON.stringify(name)} in the kubeconfig ${context.file} ${what}; add it under ${role}s`,
  )
}

function serverOf(cluster: Entry): string {
  const server = textOf(cluster.fields['server'])
  if (server !== undefined && /^https?:\/\//.test(server) && URL.canParse(server)) return server
  const what = server === undefined ? 'has no server' : `has the server ${JSON.stringify(server)}`
  throw new ConfigError(
    `a cluster in the kubeconfig ${cluster.file} ${what}; write https://HOST:PORT`,
  )
}

function proxyOf(cluster: Entry): string | undefined {
  const proxy = textOf(cluster.fields['proxy-url'])
  if (proxy === undefined || (/^(https?|socks5):\/\//.test(proxy) && URL.canParse(proxy)))
    return proxy
  throw new ConfigError(
    `the proxy-url ${JSON.stringify(proxy)} in the kubeconfig ${cluster.file} is not usable; ` +
      'write http://, https:// or socks5://HOST:PORT',
  )
}

async function tlsOf(cluster: Entry, user: Entry | undefined): Promise<TlsConfig> {
  const isInsecure = cluster.fields['insecure-skip-tls-verify'] === true
  return {
    ca: isInsecure ? undefined : await material(cluster, 'certificate-authority'),
    insecure: isInsecure,
    serverName: textOf(cluster.fields['tls-server-name']),
    certificate: user === undefined ? undefined : await certificateOf(user),
  }
}

async function certificateOf(user: Entry): Promise<ClientCertificate | undefined> {
  const cert = await material(user, 'client-certificate')
  const key = await material(user, 'client-key')
  if (cert === undefined && key === undefined) return undefined
  if (cert !== undefined && key !== undefined) return { cert, key }
  const missing = cert === undefined ? 'client-certificate' : 'client-key'
  throw new ConfigError(
    `a user in the kubeconfig ${user.file} has only half of a client certificate; add ${missing} or ${missing}-data`,
  )
}

/** PEM text from `NAME-data` (base64), which wins, or from the file that `NAME` points to. */
async function material(entry: Entry, name: string): Promise<string | undefined> {
  const data = textOf(entry.fields[`${name}-data`])
  if (data !== undefined) {
    const pem = Buffer.from(data, 'base64').toString('utf8')
    if (pem.includes('-----BEGIN')) return pem
    throw new ConfigError(
      `${name}-data in the kubeconfig ${entry.file} is not base64 of PEM text; encode the whole .pem file`,
    )
  }
  const path = textOf(entry.fields[name])
  if (path === undefined) return undefined
  return readFile(pathIn(entry, path), 'utf8').catch((cause: unknown) => {
    const where = pathIn(entry, path)
    throw new ConfigError(
      `${name} in the kubeconfig ${entry.file} points to ${where}, which cannot be read; correct the path`,
      { cause },
    )
  })
}

type Facing = { readonly cluster: Entry; readonly server: string; readonly env: Env }

/**
 * In kubectl's order: token file and token, then basic, then a plugin. A certificate may come on
 * top of any.
 */
function credentialsOf(user: Entry | undefined, facing: Facing): Credentials {
  if (user === undefined) return { kind: 'none' }
  const { fields } = user
  const tokenFile = textOf(fields['tokenFile'])
  const token = textOf(fields['token'])
  if (tokenFile !== undefined) {
    const path = pathIn(user, tokenFile)
    return { kind: 'tokenFile', path, ...(token === undefined ? {} : { token }) }
  }
  if (token !== undefined) return { kind: 'token', token }
  const username = textOf(fields['username'])
  if (username !== undefined) {
    return { kind: 'basic', username, password: textOf(fields['password']) ?? '' }
  }
  if (isRecord(fields['exec']))
    return { kind: 'exec', plugin: pluginOf(user, fields['exec'], facing) }
  if (isRecord(fields['auth-provider'])) {
    const name = String(fields['auth-provider']['name'])
    throw new ConfigError(
      `a user in the kubeconfig ${user.file} uses the auth-provider ${name}, ` +
        'which Kubernetes removed in 1.26; use its exec plugin instead',
    )
  }
  return { kind: 'none' }
}

function pluginOf(
  user: Entry,
  exec: Readonly<Record<string, unknown>>,
  { cluster, server, env }: Facing,
): ExecPlugin {
  const command = textOf(exec['command'])
  if (command === undefined) {
    throw new ConfigError(
      `an exec plugin in the kubeconfig ${user.file} has no command; name the program`,
    )
  }
  const args = Array.isArray(exec['args']) ? exec['args'].map(String) : []
  const pairs = Array.isArray(exec['env']) ? exec['env'].filter(isRecord) : []
  return {
    apiVersion: textOf(exec['apiVersion']) ?? '',
    command,
    args,
    env: Object.fromEntries(
      pairs.map((pair) => [String(pair['name']), String(pair['value'] ?? '')]),
    ),
    installHint: textOf(exec['installHint']),
    interactive: exec['interactiveMode'] === 'Always',
    cluster: exec['provideClusterInfo'] === true ? clusterInfo(cluster, server) : undefined,
    directory: dirname(user.file),
    environment: env,
  }
}

function clusterInfo({ fields }: Entry, server: string): Readonly<Record<string, unknown>> {
  return {
    server,
    'tls-server-name': fields['tls-server-name'],
    'insecure-skip-tls-verify': fields['insecure-skip-tls-verify'],
    'certificate-authority-data': fields['certificate-authority-data'],
    'proxy-url': fields['proxy-url'],
  }
}

function impersonationOf(user: Entry | undefined): ClusterConfig['impersonation'] {
  const as = textOf(user?.fields['as'])
  if (user === undefined || as === undefined) return {}
  const groups = Array.isArray(user.fields['as-groups']) ? user.fields['as-groups'].map(String) : []
  return {
    'impersonate-user': as,
    ...(groups.length === 0 ? {} : { 'impersonate-group': groups }),
  }
}
