/** The one list of tables: which kind has which columns. */
import type { Resource } from '../resource.ts'
import * as cluster from './cluster.ts'
import { type Column, forgetDescriptions } from './column.ts'
import { customColumns } from './custom.ts'
import * as network from './network.ts'
import { podColumns } from './pods.ts'
import * as storage from './storage.ts'
import * as workloads from './workloads.ts'

const byStorage: Readonly<Record<string, () => Column[]>> = {
  pods: podColumns,
  services: network.serviceColumns,
  endpoints: network.endpointsColumns,
  'discovery.k8s.io/endpointslices': network.endpointSliceColumns,
  'networking.k8s.io/ingresses': network.ingressColumns,
  'networking.k8s.io/ingressclasses': network.ingressClassColumns,
  'networking.k8s.io/networkpolicies': network.networkPolicyColumns,
  'apps/deployments': workloads.deploymentColumns,
  'apps/replicasets': workloads.replicaSetColumns,
  'apps/statefulsets': workloads.statefulSetColumns,
  'apps/daemonsets': workloads.daemonSetColumns,
  'batch/jobs': workloads.jobColumns,
  'batch/cronjobs': workloads.cronJobColumns,
  'autoscaling/horizontalpodautoscalers': workloads.autoscalerColumns,
  'autoscaling/scales': workloads.scaleColumns,
  replicationcontrollers: workloads.replicationControllerColumns,
  'apps/controllerrevisions': workloads.controllerRevisionColumns,
  podtemplates: workloads.podTemplateColumns,
  persistentvolumes: storage.volumeColumns,
  persistentvolumeclaims: storage.claimColumns,
  resourcequotas: storage.quotaColumns,
  namespaces: cluster.namespaceColumns,
  nodes: cluster.nodeColumns,
  events: cluster.eventColumns,
  secrets: cluster.secretColumns,
  configmaps: cluster.configMapColumns,
  serviceaccounts: cluster.serviceAccountColumns,
  'coordination.k8s.io/leases': cluster.leaseColumns,
  'rbac.authorization.k8s.io/rolebindings': () => cluster.bindingColumns('RoleBinding'),
  'rbac.authorization.k8s.io/clusterrolebindings': () =>
    cluster.bindingColumns('ClusterRoleBinding'),
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': cluster.webhookColumns,
  'admissionregistration.k8s.io/validatingwebhookconfigurations': cluster.webhookColumns,
  'policy/poddisruptionbudgets': cluster.disruptionBudgetColumns,
  'scheduling.k8s.io/priorityclasses': cluster.priorityClassColumns,
}

const made = new WeakMap<Resource, readonly Column[]>()

export function columnsOf(resource: Resource): readonly Column[] {
  let columns = made.get(resource)
  if (columns === undefined) {
    columns =
      resource.custom === undefined
        ? (byStorage[resource.storage] ?? cluster.fallbackColumns)()
        : customColumns(resource.custom.columns)
    forgetDescriptions()
    made.set(resource, columns)
  }
  return columns
}
