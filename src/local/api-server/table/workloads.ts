/** The columns of workloads. */
import { asNumber, at, type Obj, objectsOf } from '#core/schema/json.ts'
import type { Stored } from '../resource.ts'
import { autoscalerTargets } from './autoscaler.ts'
import { ageColumn, type Column, column, count, nameColumn, text, wide } from './column.ts'
import { humanDuration, labelsText, selectorText, since } from './format.ts'

const containersOf = (object: Stored, ...template: string[]): Obj[] =>
  objectsOf(at(object, ...template, 'spec', 'containers'))

function containerColumns(...template: string[]): Column[] {
  const list = (object: Stored, field: string): string =>
    containersOf(object, ...template)
      .map((container) => String(container[field] ?? ''))
      .join(',')
  return [
    wide('Containers', 'string', 'Names of each container in the template.', (o) =>
      list(o, 'name'),
    ),
    wide('Images', 'string', 'Images referenced by each container in the template.', (o) =>
      list(o, 'image'),
    ),
  ]
}

const readyOf = (object: Stored): string =>
  `${asNumber(at(object, 'status', 'readyReplicas')) ?? 0}/${asNumber(at(object, 'spec', 'replicas')) ?? 0}`

const selectorColumn = (about: string): Column =>
  wide('Selector', 'string', about, (object) => selectorText(at(object, 'spec', 'selector')))

export function deploymentColumns(): Column[] {
  return [
    nameColumn(),
    column('Ready', 'string', 'Number of the pod with ready state', readyOf),
    column(
      'Up-to-date',
      'string',
      'apps:DeploymentStatus:updatedReplicas',
      count('status', 'updatedReplicas'),
    ),
    column(
      'Available',
      'string',
      'apps:DeploymentStatus:availableReplicas',
      count('status', 'availableReplicas'),
    ),
    ageColumn(),
    ...containerColumns('spec', 'template'),
    selectorColumn(
      'Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment.',
    ),
  ]
}

export function replicaSetColumns(): Column[] {
  return [
    ...replicaColumns('apps:ReplicaSet'),
    selectorColumn(
      'Selector is a label query over pods that should match the replica count. If the selector is empty, it is defaulted to the labels present on the pod template. Label keys and values that must match in order to be controlled by this replica set. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors',
    ),
  ]
}

export function replicationControllerColumns(): Column[] {
  return [
    ...replicaColumns('core:ReplicationController'),
    wide('Selector', 'string', 'core:ReplicationControllerSpec:selector', (object) =>
      labelsText(at(object, 'spec', 'selector')),
    ),
  ]
}

function replicaColumns(kind: string): Column[] {
  return [
    nameColumn(),
    column('Desired', 'integer', `${kind}Spec:replicas`, count('spec', 'replicas')),
    column('Current', 'integer', `${kind}Status:replicas`, count('status', 'replicas')),
    column('Ready', 'integer', `${kind}Status:readyReplicas`, count('status', 'readyReplicas')),
    ageColumn(),
    ...containerColumns('spec', 'template'),
  ]
}

export function statefulSetColumns(): Column[] {
  return [
    nameColumn(),
    column('Ready', 'string', 'Number of the pod with ready state', readyOf),
    ageColumn(),
    ...containerColumns('spec', 'template'),
  ]
}

export function daemonSetColumns(): Column[] {
  const status = (name: string, field: string): Column =>
    column(name, 'integer', `apps:DaemonSetStatus:${field}`, count('status', field))
  return [
    nameColumn(),
    status('Desired', 'desiredNumberScheduled'),
    status('Current', 'currentNumberScheduled'),
    column(
      'Ready',
      'integer',
      'The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and ready.',
      count('status', 'numberReady'),
    ),
    status('Up-to-date', 'updatedNumberScheduled'),
    status('Available', 'numberAvailable'),
    column('Node Selector', 'string', 'core:PodSpec:nodeSelector', (object) =>
      labelsText(at(object, 'spec', 'template', 'spec', 'nodeSelector')),
    ),
    ageColumn(),
    ...containerColumns('spec', 'template'),
    selectorColumn(
      'A label query over pods that are managed by the daemon set. Must match in order to be controlled. If empty, defaulted to labels on Pod template. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors',
    ),
  ]
}

export function jobColumns(): Column[] {
  return [
    nameColumn(),
    column('Status', 'string', 'Status of the job.', jobStatus),
    column('Completions', 'string', 'batch:JobStatus:succeeded', completions),
    column('Duration', 'string', 'Time required to complete the job.', jobDuration),
    ageColumn(),
    ...containerColumns('spec', 'template'),
    selectorColumn('batch:JobSpec:selector'),
  ]
}

function jobStatus(job: Stored): string {
  const conditions = objectsOf(at(job, 'status', 'conditions'))
  const has = (wanted: string): boolean =>
    conditions.some(({ type, status }) => type === wanted && status === 'True')
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running'
}

function completions(job: Stored): string {
  const succeeded = asNumber(at(job, 'status', 'succeeded')) ?? 0
  const wanted = asNumber(at(job, 'spec', 'completions'))
  if (wanted !== undefined) return `${succeeded}/${wanted}`
  const parallelism = asNumber(at(job, 'spec', 'parallelism')) ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function jobDuration(job: Stored, now: number): string {
  const start = at(job, 'status', 'startTime')
  const end = at(job, 'status', 'completionTime')
  if (typeof start !== 'string') return ''
  return humanDuration((typeof end === 'string' ? Date.parse(end) : now) - Date.parse(start))
}

export function cronJobColumns(): Column[] {
  const path = ['spec', 'jobTemplate', 'spec'] as const
  return [
    nameColumn(),
    column('Schedule', 'string', 'batch:CronJobSpec:schedule', text('spec', 'schedule')),
    column('Timezone', 'string', 'batch:CronJobSpec:timeZone', (object) =>
      String(at(object, 'spec', 'timeZone') ?? '<none>'),
    ),
    column('Suspend', 'boolean', 'batch:CronJobSpec:suspend', (object) =>
      at(object, 'spec', 'suspend') === true ? 'True' : 'False',
    ),
    column(
      'Active',
      'integer',
      'batch:CronJobStatus:active',
      (object) => objectsOf(at(object, 'status', 'active')).length,
    ),
    column('Last Schedule', 'string', 'batch:CronJobStatus:lastScheduleTime', (object, now) => {
      const last = at(object, 'status', 'lastScheduleTime')
      return typeof last === 'string' ? since(last, now) : '<none>'
    }),
    ageColumn(),
    ...containerColumns(...path, 'template'),
    wide('Selector', 'string', 'batch:JobSpec:selector', (object) =>
      selectorText(at(object, ...path, 'selector')),
    ),
  ]
}

export function autoscalerColumns(): Column[] {
  return [
    nameColumn(),
    column(
      'Reference',
      'string',
      'autoscaling:HorizontalPodAutoscalerSpec:scaleTargetRef',
      (object) =>
        `${text('spec', 'scaleTargetRef', 'kind')(object, 0)}/${text('spec', 'scaleTargetRef', 'name')(object, 0)}`,
    ),
    column(
      'Targets',
      'string',
      'metrics contains the specifications for which to use to calculate the desired replica count (the maximum replica count across all metrics will be used).  The desired replica count is calculated multiplying the ratio between the target value and the current value by the current number of pods.  Ergo, metrics used must decrease as the pod count is increased, and vice-versa.  See the individual metric source types for more information about how each type of metric must respond.',
      autoscalerTargets,
    ),
    column('MinPods', 'string', 'autoscaling:HorizontalPodAutoscalerSpec:minReplicas', (object) =>
      String(at(object, 'spec', 'minReplicas') ?? '<unset>'),
    ),
    column(
      'MaxPods',
      'string',
      'autoscaling:HorizontalPodAutoscalerSpec:maxReplicas',
      count('spec', 'maxReplicas'),
    ),
    column(
      'Replicas',
      'string',
      'autoscaling:HorizontalPodAutoscalerStatus:currentReplicas',
      count('status', 'currentReplicas'),
    ),
    ageColumn(),
  ]
}

export function podTemplateColumns(): Column[] {
  const shown = containerColumns('template').map((one) => ({ ...one, priority: 0 }))
  return [
    nameColumn(),
    ...shown,
    column('Pod Labels', 'string', 'The labels for the pod template.', (object) =>
      labelsText(at(object, 'template', 'metadata', 'labels')),
    ),
  ]
}

export function controllerRevisionColumns(): Column[] {
  return [
    nameColumn(),
    column('Controller', 'string', 'Controller of the object', controllerText),
    column(
      'Revision',
      'string',
      'revision indicates the revision of the state represented by Data.',
      count('revision'),
    ),
    ageColumn(),
  ]
}

function controllerText({ metadata }: Stored): string {
  const owner = objectsOf(metadata.ownerReferences).find(({ controller }) => controller === true)
  if (owner === undefined) return '<none>'
  const [group = ''] = String(owner.apiVersion).includes('/')
    ? String(owner.apiVersion).split('/')
    : []
  const kind = group === '' ? String(owner.kind) : `${String(owner.kind)}.${group}`
  return `${kind.toLowerCase()}/${String(owner.name)}`
}

/** Of the scale subresource. */
export function scaleColumns(): Column[] {
  return [
    { ...nameColumn(), format: '' },
    column('Desired', 'integer', 'scaling:ScaleSpec:replicas', count('spec', 'replicas')),
    column('Available', 'integer', 'scaling:ScaleStatus:replicas', count('status', 'replicas')),
    ageColumn(),
  ]
}
