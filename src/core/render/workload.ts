/** The workload that runs a revision for a role. */
import { unreachable } from '../assert.ts'
import { apiVersionOf, kindOf } from '../k8s/kinds.ts'
import type { ObjectRef } from '../k8s/meta.ts'
import type { Workload } from '../k8s/workloads.ts'
import type { App, Template, WorkloadKind } from '../model/app.ts'
import type { RoleName } from '../model/weights.ts'
import { annotations, labels, managedBy, tellingLabels, workloadName } from './names.ts'

export function workloadRef(
  app: App,
  { kind, name }: { readonly kind: WorkloadKind; readonly name: string },
): ObjectRef {
  return { apiVersion: apiVersionOf(kindOf(kind)), kind, namespace: app.namespace, name }
}

/** What is to run, as whom, under which name of its revision, and on how many pods. */
export type Run = {
  readonly role: RoleName
  readonly revision: string
  readonly replicas: number
  readonly template: Template
}

export function workload(app: App, { role, revision, replicas, template }: Run): Workload {
  const { kind } = app.workloads
  const telling = { ...app.selector, ...tellingLabels(app, role, revision) }
  const seat = app.workloads.layout.by === 'role' ? { [labels.seat]: role } : {}
  const own = { ...telling, ...seat, [labels.release]: app.name, [labels.revision]: revision }
  return {
    apiVersion: apiVersionOf(kindOf(kind)),
    kind,
    metadata: {
      name: workloadName(app, role, revision),
      namespace: app.namespace,
      labels: { ...own, [labels.managedBy]: managedBy },
      annotations: { [annotations.written]: template.written },
      ownerReferences: [app.owner],
    },
    spec: {
      replicas,
      ...selectorOf(kind, telling),
      template: {
        ...template.template,
        metadata: {
          ...template.template.metadata,
          labels: { ...template.template.metadata?.labels, ...own },
        },
      },
    },
  }
}

function selectorOf(kind: WorkloadKind, telling: Readonly<Record<string, string>>): object {
  switch (kind) {
    case 'ReplicationController':
      return { selector: telling }
    case 'Deployment':
      // Never fewer pods than wanted: what replaces a pod is there before it goes.
      return {
        selector: { matchLabels: telling },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
      }
    case 'ReplicaSet':
      return { selector: { matchLabels: telling } }
    default:
      return unreachable(kind)
  }
}
