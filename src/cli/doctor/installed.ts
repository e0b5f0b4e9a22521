/** Finds the controller: by the labels of its manifests, as every installation bears them. */
import { kinds } from '#core/k8s/kinds.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import type { Cluster } from '#kube/cluster.ts'
import { orUndefined } from '#releases/entry.ts'
import type { Installed } from './finding.ts'

const selector = 'app.kubernetes.io/name=headgate,app.kubernetes.io/component!=image'

type Container = {
  readonly image?: string
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
}

/** Of several, the one with the most pods. */
export async function findInstalled(cluster: Cluster): Promise<Installed | undefined> {
  const list = await orUndefined(
    cluster.list<Workload>(kinds.deployment, { labelSelector: selector }),
  )
  const found = (list?.items ?? []).map(installedOf)
  return found.toSorted((one, other) => other.ready - one.ready)[0]
}

function installedOf({ metadata, spec, status }: Workload): Installed {
  const { serviceAccountName = 'default', containers } = spec.template.spec as {
    readonly serviceAccountName?: string
    readonly containers: readonly Container[]
  }
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    serviceAccount: serviceAccountName,
    images: containers.map(({ image = '' }) => image),
    // As Kubernetes puts variables into arguments.
    args: containers
      .flatMap(({ args = [] }) => args)
      .map((arg) => arg.replaceAll('$(POD_NAMESPACE)', metadata.namespace ?? 'default')),
    env: Object.fromEntries(
      containers
        .flatMap(({ env = [] }) => env)
        .flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
    ),
    wanted: spec.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
  }
}

/** The doors that its arguments open; undefined where they say none, which opens all. */
export function doorsAsked(installed: Installed): string | undefined {
  const named = valuesOf(installed, '--doors')
  return named.length === 0 ? undefined : named.join(',')
}

/** What an option is set to: of several values the last one, and without any what its variable says. */
export function optionOf(installed: Installed, name: string): string | undefined {
  const variable = `HEADGATE_${name.replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`
  return valuesOf(installed, name).at(-1) ?? installed.env[variable]
}

/** Written as `--name=value`, or as two arguments. */
function valuesOf({ args }: Installed, name: string): readonly string[] {
  return args.flatMap((arg, index) => {
    if (arg.startsWith(`${name}=`)) return [arg.slice(name.length + 1)]
    const next = args[index + 1]
    return arg === name && next !== undefined ? [next] : []
  })
}
