/** The one list of built-in kinds that need more than the base strategy, by storage name. */
import { crdStrategy } from '../../crd/definition-strategy.ts'
import type { Strategy } from '../../strategy.ts'
import { base, withGeneration, withStatus } from './base.ts'
import { ingressStrategy } from './ingresses.ts'
import * as jobs from './jobs.ts'
import { namespaceStrategy } from './namespace.ts'
import * as plain from './plain.ts'
import { podStrategy } from './pods.ts'
import { serviceStrategy } from './services.ts'
import * as workloads from './workloads.ts'

export const builtinStrategies: Readonly<Record<string, Strategy>> = {
  namespaces: namespaceStrategy,
  pods: podStrategy,
  services: serviceStrategy,
  endpoints: plain.endpointsStrategy,
  configmaps: plain.configMapStrategy,
  secrets: plain.secretStrategy,
  events: plain.eventStrategy,
  persistentvolumeclaims: plain.claimStrategy,
  persistentvolumes: { ...withStatus({ phase: 'Pending' }), returnsDeleted: true },
  serviceaccounts: { ...base, returnsDeleted: true },
  resourcequotas: { ...withStatus(), returnsDeleted: true },
  podtemplates: { ...withGeneration(base, ['template']), returnsDeleted: true },
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
  'rbac.authorization.k8s.io/roles': plain.roleStrategy,
  'rbac.authorization.k8s.io/clusterroles': plain.roleStrategy,
  'rbac.authorization.k8s.io/rolebindings': plain.bindingStrategy,
  'rbac.authorization.k8s.io/clusterrolebindings': plain.bindingStrategy,
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': plain.webhookStrategy,
  'admissionregistration.k8s.io/validatingwebhookconfigurations': plain.webhookStrategy,
  'apiextensions.k8s.io/customresourcedefinitions': crdStrategy,
}
