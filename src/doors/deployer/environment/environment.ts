/** Variables that the platform gives to every pod (A46): from etcd or a ConfigMap, named as shells name them. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, Labels } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { found } from '../records.ts'
import type { EnvironmentSettings } from '../settings.ts'
import type { Variable } from '../template.ts'
import type { EtcdClient } from './etcd.ts'

const prefix = '/deployer/environment/'

/** @throws Error with a sentence: what could not be read fails the deployment that asked, and nothing else. */
export async function environmentFor(
  { cluster, etcd }: { readonly cluster: Cluster; readonly etcd: EtcdClient | undefined },
  { configMap }: EnvironmentSettings,
  namespace: string,
): Promise<readonly Variable[]> {
  const shared = etcd === undefined ? [] : await etcd.range(prefix)
  const own = configMap === undefined ? [] : await fromConfigMap(cluster, namespace, configMap)
  return variables([
    ...shared.map(({ key, value }) => [key.slice(prefix.length), value] as const),
    ...own,
  ])
}

async function fromConfigMap(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<readonly (readonly [string, string])[]> {
  type ConfigMap = KubeObject & { readonly data?: Labels }
  const map = await found(cluster.get<ConfigMap>(kinds.configMap, { namespace, name }))
  if (map === undefined)
    throw new Error(
      `the ConfigMap ${name} with the environment does not exist in ${namespace}; create it, or leave out --deployer-environment-configmap`,
    )
  return Object.entries(map.data ?? {})
}

/** Upper case, dashes to underscores; a later word on a variable wins. Keys that no variable can have are left out. */
export function variables(
  given: readonly (readonly [key: string, value: string])[],
): readonly Variable[] {
  const named = new Map(
    given
      .map(([key, value]) => [key.toUpperCase().replaceAll('-', '_'), value] as const)
      .filter(([name]) => /^[A-Z_][A-Z0-9_.]*$/.test(name)),
  )
  return [...named].map(([name, value]) => ({ name, value }))
}
