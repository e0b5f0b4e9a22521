/** The ReplicaSet of a revision. */
import type { ObjectRef } from '../k8s/meta.ts'
import type { ReplicaSet } from '../k8s/workloads.ts'
import type { App } from '../model/app.ts'
import { annotations, labels, managedBy, workloadName } from './names.ts'

export function workloadRef(app: App, name: string): ObjectRef {
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace: app.namespace, name }
}

export function replicaSet(app: App, revision: string, replicas: number): ReplicaSet {
  const own = { [labels.release]: app.name, [labels.revision]: revision }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: workloadName(app.name, revision),
      namespace: app.namespace,
      labels: { ...app.selector, ...own, [labels.managedBy]: managedBy },
      annotations: { [annotations.written]: app.written },
      ownerReferences: [app.owner],
    },
    spec: {
      replicas,
      selector: { matchLabels: { ...app.selector, [labels.revision]: revision } },
      template: {
        ...app.template,
        metadata: {
          ...app.template.metadata,
          labels: { ...app.template.metadata?.labels, ...own },
        },
      },
    },
  }
}
