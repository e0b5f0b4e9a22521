/** The workload that runs a revision for a role. */
import { unreachable } from '../assert.ts'
import { apiVersionOf, kindOf } from '../k8s/kinds.ts'
import type { Labels, ObjectRef } from '../k8s/meta.ts'
import type { Workload } from '../k8s/workloads.ts'
import type { App, Template, WorkloadKind } from '../model/app.ts'
import type { RoleName } from '../model/weights.ts'
import { annotations, labels, managedBy, tellingLabels, workloadName } from './names.ts'
import { filled } from './text.ts'

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
  const { kind, labels: more, annotations: notes } = app.workloads
  const words = { release: app.name, role, revision }
  const telling = { ...app.selector, ...filled(more, words), ...tellingLabels(app, role, revision) }
  const seat = app.workloads.layout.by === 'role' ? { [labels.seat]: role } : {}
  const own = { ...telling, ...seat, [labels.release]: app.name, [labels.revision]: revision }
  return {
    apiVersion: apiVersionOf(kindOf(kind)),
    kind,
    metadata: {
      name: workloadName(app, role, revision),
      namespace: app.namespace,
      labels: { ...own, [labels.managedBy]: managedBy },
      annotations: { ...filled(notes, words), [annotations.written]: template.written },
      ownerReferences: [app.owner],
    },
    spec: {
      replicas,
      ...selectorOf(kind, selecting(app, telling)),
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

/** A Deployment that exchanges its pods in place cannot select them by what changes with them. */
function selecting({ workloads }: App, telling: Labels): Labels {
  const { kind, layout, labels: more = {} } = workloads
  if (kind !== 'Deployment' || layout.by === 'revision') return telling
  return Object.fromEntries(
    Object.entries(telling).filter(([key]) => more[key]?.includes('{revision}') !== true),
  )
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
