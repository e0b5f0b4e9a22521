/** From a descriptor to the pods of one version (A15, A17, A41, A45, A46, AD06). */
import type { Labels } from '#core/k8s/meta.ts'
import type { Container, PodTemplate } from '#core/k8s/workloads.ts'
import type { Descriptor } from './descriptor.ts'
import { ofDoor, versionedName } from './names.ts'

export type Variable = { readonly name: string; readonly value: string }

/** The labels of everything that belongs to one version (A41). */
export function versionLabels({ appName }: Descriptor, version: string): Labels {
  return { app: appName, version, name: versionedName(appName, version), ...ofDoor }
}

export function podTemplate(
  descriptor: Descriptor,
  version: string,
  injected: readonly Variable[],
): PodTemplate {
  const { podspec, imagePullSecrets = [] } = descriptor
  const env = [...ownVariables(descriptor, version), ...injected]
  const containers = podspec.containers.map((container) => withDefaults(container, env))
  return {
    metadata: { labels: { app: descriptor.appName, ...ofDoor } },
    spec: {
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      ...podspec,
      containers: named(containers),
      ...pullSecrets(podspec['imagePullSecrets'], imagePullSecrets),
    },
  }
}

type Name = { readonly name: string }

// Names given twice are one.
function pullSecrets(
  inPodspec: unknown,
  given: readonly Name[],
): { readonly imagePullSecrets?: readonly Name[] } {
  const own = Array.isArray(inPodspec) ? (inPodspec as readonly Name[]) : []
  const all = [...own, ...given.filter(({ name }) => !own.some((one) => one.name === name))]
  return all.length === 0 ? {} : { imagePullSecrets: all.map(({ name }) => ({ name })) }
}

type Env = readonly (Variable | { readonly name: string; readonly valueFrom: unknown })[]

/** A45. */
function ownVariables({ appName, namespace }: Descriptor, version: string): Env {
  return [
    { name: 'APP_NAME', value: appName },
    { name: 'POD_NAMESPACE', value: namespace },
    { name: 'APP_VERSION', value: version },
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ]
}

/** Later words on a variable win, as they do in a pod: those of the platform over those of the descriptor. */
function withDefaults(container: Container, env: Env): Container {
  const { env: own } = container as { readonly env?: unknown }
  const before = Array.isArray(own) ? (own as Env) : []
  const ours = new Set(env.map(({ name }) => name))
  const ports = (container.ports ?? []).map((port) => ({ protocol: 'TCP', ...port }))
  return {
    imagePullPolicy: 'Always',
    ...container,
    ...(ports.length === 0 ? {} : { ports }),
    env: [...before.filter(({ name }) => !ours.has(name)), ...env],
  }
}

// The original let a container's name be told by the server, which takes none without.
function named(containers: readonly Container[]): readonly Container[] {
  return containers.map((container, index) => ({
    ...container,
    name: (container.name as string | undefined) ?? `container-${index + 1}`,
  }))
}
