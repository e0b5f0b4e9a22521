/** The one list of built-in kinds that need more than the base strategy, by storage name. */
import { webhookStrategy } from '../../admission/strategy.ts'
import { crdStrategy } from '../../crd/definition-strategy.ts'
import type { Strategy } from '../../strategy.ts'
import { base, withGeneration, withStatus } from './base.ts'
import { ingressStrategy } from './ingresses.ts'
import * as jobs from './jobs.ts'
import { namespaceStrategy } from './namespace.ts'
import * as plain from './plain.ts'
import { podStrategy } from './pods.ts'
import { priorityStrategy } from './priority.ts'
import * as rbac from './rbac.ts'
import { serviceStrategy } from './services.ts'
import * as volumes from './volumes.ts'
import * as workloads from './workloads.ts'

export const builtinStrategies: Readonly<Record<string, Strategy>> = {
  namespaces: namespaceStrategy,
  pods: podStrategy,
  services: serviceStrategy,
  endpoints: plain.endpointsStrategy,
  configmaps: plain.configMapStrategy,
  secrets: plain.secretStrategy,
  events: plain.eventStrategy,
  persistentvolumeclaims: volumes.claimStrategy,
  persistentvolumes: volumes.volumeStrategy,
  limitranges: plain.rangeStrategy,
  nodes: plain.nodeStrategy,
  serviceaccounts: { ...base, returnsDeleted: true },
  resourcequotas: { ...withStatus(), returnsDeleted: true },
  podtemplates: plain.templateStrategy,
  replicationcontrollers: workloads.replicationControllerStrategy,
  'apps/deployments': workloads.deploymentStrategy,
  'apps/replicasets': workloads.replicaSetStrategy,
  'apps/statefulsets': workloads.statefulSetStrategy,
  'apps/daemonsets': workloads.daemonSetStrategy,
  'batch/jobs': jobs.jobStrategy,
  'batch/cronjobs': jobs.cronJobStrategy,
  'autoscaling/horizontalpodautoscalers': plain.autoscalerStrategy,
  'policy/poddisruptionbudgets': { ...withGeneration(withStatus()), unconditionalUpdate: false },
  'discovery.k8s.io/endpointslices': plain.endpointSliceStrategy,
  'coordination.k8s.io/leases': plain.leaseStrategy,
  'networking.k8s.io/ingresses': ingressStrategy,
  'networking.k8s.io/ingressclasses': plain.generationOnly,
  'networking.k8s.io/networkpolicies': plain.generationOnly,
  'scheduling.k8s.io/priorityclasses': priorityStrategy,
  'rbac.authorization.k8s.io/roles': rbac.namespacedRoleStrategy,
  'rbac.authorization.k8s.io/clusterroles': rbac.clusterRoleStrategy,
  'rbac.authorization.k8s.io/rolebindings': rbac.roleBindingStrategy,
  'rbac.authorization.k8s.io/clusterrolebindings': rbac.clusterRoleBindingStrategy,
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': webhookStrategy,
  'admissionregistration.k8s.io/validatingwebhookconfigurations': webhookStrategy,
  'apiextensions.k8s.io/customresourcedefinitions': crdStrategy,
}
