/** From what a pass may look at back to objects and pods, so that writes can be performed on them. */
import { apiVersionOf, kindOf } from '../k8s/kinds.ts'
import type { KubeObject, Labels } from '../k8s/meta.ts'
import type { App } from '../model/app.ts'
import type { Observed, ServiceSeen, WorkloadSeen } from '../observed.ts'
import { annotations, labels } from '../render/names.ts'

/** A pod of the model; `owner` is the key of its workload. */
export type Pod = {
  readonly name: string
  readonly uid: string
  labels: Labels
  version: number
  owner: string | undefined
}

export function keyOf(kind: string, name: string): string {
  return `${kind}/${name}`
}

export function objectsOf(start: Observed): {
  readonly objects: readonly KubeObject[]
  readonly pods: readonly Pod[]
} {
  const { app, workloads, services, routes, members } = start
  const living = workloads.filter(({ deleting }) => !deleting)
  const seats = new Map(living.map((one) => [one.revision, keyOf(one.kind, one.name)]))
  const known = members.map(
    ({ name, uid, labels: worn, resourceVersion, revision }): Pod => ({
      name,
      uid,
      labels: worn,
      version: Number(resourceVersion) || 1,
      owner: seats.get(revision),
    }),
  )
  return {
    objects: [
      ...Object.values(routes),
      ...living.map((seen) => workloadObject(app, seen)),
      ...Object.values(services).map((seen) => serviceObject(app, seen)),
    ],
    pods: known,
  }
}

function workloadObject(app: App, seen: WorkloadSeen): KubeObject {
  const { kind, name, uid, resourceVersion, revision, written, template, replicas } = seen
  const selector = template.metadata?.labels ?? {}
  const object = {
    apiVersion: apiVersionOf(kindOf(kind)),
    kind,
    metadata: {
      name,
      namespace: app.namespace,
      uid,
      resourceVersion,
      generation: 1,
      labels: { ...selector, [labels.release]: app.name, [labels.revision]: revision },
      annotations: { [annotations.written]: written },
      ...(seen.owned ? { ownerReferences: [app.owner] } : {}),
    },
    spec: {
      replicas,
      selector: kind === 'ReplicationController' ? selector : matchLabels(selector),
      template,
    },
  }
  return object
}

function matchLabels(selector: Labels): object {
  return { matchLabels: selector }
}

function serviceObject(app: App, seen: ServiceSeen): KubeObject {
  const { name, uid, resourceVersion, selector, ports, ours } = seen
  const metadata = { name, namespace: app.namespace, uid, resourceVersion, generation: 1 }
  const object = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ours ? { ...metadata, ownerReferences: [app.owner] } : metadata,
    spec: { selector, ports },
  }
  return object
}
