/** The variables of a container: literal values, fields of the pod, keys of ConfigMaps and Secrets. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, Labels } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import type { Container, EnvSource, EnvVar, Pod } from '../controllers/shapes.ts'

/** The container cannot be made as its spec stands; the message is shown as CreateContainerConfigError. */
export class ConfigProblem extends Error {
  override readonly name = 'ConfigProblem'
}

type Settings = KubeObject & { readonly data?: Labels }

/**
 * @throws ConfigProblem when a ConfigMap, Secret or key that is not optional does not exist.
 * @throws KubeError when the API server cannot be asked.
 */
export async function environmentOf(
  cluster: Cluster,
  pod: Pod,
  container: Container,
  podIP: string,
): Promise<Readonly<Record<string, string>>> {
  const env: Record<string, string> = {}
  for (const source of container.envFrom ?? []) {
    Object.assign(env, await everyKey(cluster, pod, source))
  }
  for (const variable of container.env ?? []) {
    const value = await valueOf(cluster, pod, variable, podIP)
    if (value !== undefined) env[variable.name] = expand(value, env)
  }
  return env
}

async function everyKey(cluster: Cluster, pod: Pod, source: EnvSource): Promise<Labels> {
  const { prefix = '', configMapRef, secretRef } = source
  const found: Record<string, string> = {}
  const add = (data: Labels): void => {
    for (const [key, value] of Object.entries(data)) found[`${prefix}${key}`] = value
  }
  if (configMapRef !== undefined) add((await configMap(cluster, pod, configMapRef)) ?? {})
  if (secretRef !== undefined) add((await secret(cluster, pod, secretRef)) ?? {})
  return found
}

async function valueOf(
  cluster: Cluster,
  pod: Pod,
  { value, valueFrom }: EnvVar,
  podIP: string,
): Promise<string | undefined> {
  if (valueFrom === undefined) return value ?? ''
  if (valueFrom.fieldRef !== undefined) return field(pod, valueFrom.fieldRef.fieldPath, podIP)
  const { configMapKeyRef, secretKeyRef } = valueFrom
  if (configMapKeyRef !== undefined) {
    return keyIn(await configMap(cluster, pod, configMapKeyRef), 'configmap', pod, configMapKeyRef)
  }
  if (secretKeyRef !== undefined) {
    return keyIn(await secret(cluster, pod, secretKeyRef), 'secret', pod, secretKeyRef)
  }
  return undefined
}

type Reference = { readonly name: string; readonly optional?: boolean }

function keyIn(
  data: Labels | undefined,
  what: string,
  pod: Pod,
  { name, key, optional }: Reference & { readonly key: string },
): string | undefined {
  const value = data?.[key]
  if (value !== undefined || optional === true) return value
  const place = `${pod.metadata.namespace ?? ''}/${name}`
  throw new ConfigProblem(`couldn't find key ${key} in ${what} ${place}`)
}

function configMap(cluster: Cluster, pod: Pod, reference: Reference): Promise<Labels | undefined> {
  return read(cluster, 'configMap', pod, reference)
}

async function secret(
  cluster: Cluster,
  pod: Pod,
  reference: Reference,
): Promise<Labels | undefined> {
  const data = await read(cluster, 'secret', pod, reference)
  if (data === undefined) return undefined
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )
}

async function read(
  cluster: Cluster,
  what: 'configMap' | 'secret',
  pod: Pod,
  { name, optional }: Reference,
): Promise<Labels | undefined> {
  const { namespace = '' } = pod.metadata
  try {
    return (await cluster.get<Settings>(kinds[what], { namespace, name })).data ?? {}
  } catch (error) {
    if (!isKube(error, 'NotFound')) throw error
    if (optional === true) return undefined
    throw new ConfigProblem(`${what.toLowerCase()} "${name}" not found`)
  }
}

function field(pod: Pod, path: string, podIP: string): string {
  const { metadata, spec, status } = pod
  const entry = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path)
  if (entry !== null) return metadata[entry[1] as 'labels' | 'annotations']?.[entry[2] ?? ''] ?? ''
  switch (path) {
    case 'metadata.name':
      return metadata.name
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid ?? ''
    case 'spec.nodeName':
      return spec.nodeName ?? ''
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default'
    case 'status.podIP':
    case 'status.podIPs':
      return podIP
    case 'status.hostIP':
    case 'status.hostIPs':
      return status?.hostIP ?? ''
    default:
      return ''
  }
}

// $(NAME) names a variable defined before; $$(NAME) is left as $(NAME); unknown ones stay as they are.
function expand(value: string, env: Labels): string {
  return value.replace(/\$(\$?)\(([^()]+)\)/g, (whole, escaped: string, name: string) =>
    escaped === '' ? (env[name] ?? whole) : `$(${name})`,
  )
}
