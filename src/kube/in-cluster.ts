/**
 * The configuration of a pod: its service account's files and the address that Kubernetes puts into
 * its environment.
 */
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClusterConfig, plainConfig } from './cluster-config.ts'
import { ConfigError } from './config-error.ts'

export const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Undefined outside a pod. The token is not read here: it rotates, so the transport reads the file.
 * @throws ConfigError in a pod whose service account is not mounted.
 */
export async function inClusterConfig(
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): Promise<ClusterConfig | undefined> {
  const host = env['KUBERNETES_SERVICE_HOST']
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443'
  if (host === undefined || host === '') return undefined
  const tokenFile = join(folder, 'token')
  const isMounted = await access(tokenFile).then(
    () => true,
    () => false,
  )
  if (!isMounted) {
    throw new ConfigError(
      `this pod has no service account token at ${tokenFile}; set automountServiceAccountToken: true`,
    )
  }
  const ca = await optional(join(folder, 'ca.crt'))
  const namespace = (await optional(join(folder, 'namespace')))?.trim()
  return plainConfig(`https://${host.includes(':') ? `[${host}]` : host}:${port}`, {
    namespace: namespace === undefined || namespace === '' ? 'default' : namespace,
    source: "the pod's service account",
    inCluster: true,
    tls: { ca, insecure: false, serverName: undefined, certificate: undefined },
    credentials: { kind: 'tokenFile', path: tokenFile },
  })
}

async function optional(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}
