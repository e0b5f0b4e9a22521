/** The columns of pods: what `kubectl get pods` says in its STATUS column is made here. */
import {
  asArray,
  asNumber,
  asObject,
  asString,
  at,
  type Obj,
  objectsOf,
} from '#core/schema/json.ts'
import type { Stored } from '../resource.ts'
import { ageColumn, type Column, column, nameColumn, wide } from './column.ts'
import { orNone, since } from './format.ts'

type Summary = {
  readonly ready: number
  readonly total: number
  readonly status: string
  readonly restarts: number
  readonly lastRestart: string | undefined
}

export function podColumns(): Column[] {
  return [
    nameColumn(),
    column(
      'Ready',
      'string',
      'The aggregate readiness state of this pod for accepting traffic.',
      (pod) => `${summary(pod).ready}/${summary(pod).total}`,
    ),
    column(
      'Status',
      'string',
      'The aggregate status of the containers in this pod.',
      (pod) => summary(pod).status,
    ),
    column(
      'Restarts',
      'string',
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
      (pod, now) => restartsText(summary(pod), now),
    ),
    ageColumn(),
    wide('IP', 'string', 'core:PodStatus:podIP', (pod) =>
      orNone(objectsOf(at(pod, 'status', 'podIPs'))[0]?.ip),
    ),
    wide('Node', 'string', 'core:PodSpec:nodeName', (pod) => orNone(at(pod, 'spec', 'nodeName'))),
    wide('Nominated Node', 'string', 'core:PodStatus:nominatedNodeName', (pod) =>
      orNone(at(pod, 'status', 'nominatedNodeName')),
    ),
    wide('Readiness Gates', 'string', 'core:PodSpec:readinessGates', readinessGates),
  ]
}

function restartsText({ restarts, lastRestart }: Summary, now: number): string {
  if (restarts === 0 || lastRestart === undefined) return String(restarts)
  return `${restarts} (${since(lastRestart, now)} ago)`
}

function readinessGates(pod: Stored): string {
  const gates = objectsOf(at(pod, 'spec', 'readinessGates'))
  if (gates.length === 0) return '<none>'
  const conditions = objectsOf(at(pod, 'status', 'conditions'))
  const met = gates.filter(({ conditionType }) =>
    conditions.some(({ type, status }) => type === conditionType && status === 'True'),
  )
  return `${met.length}/${gates.length}`
}

const summaries = new WeakMap<Stored, Summary>()

function summary(pod: Stored): Summary {
  let known = summaries.get(pod)
  if (known === undefined) {
    known = summarize(pod)
    summaries.set(pod, known)
  }
  return known
}

function summarize(pod: Stored): Summary {
  const status = asObject(pod.status) ?? {}
  const init = initPhase(pod, status)
  const phase = asString(status.phase) ?? ''
  const gated = objectsOf(status.conditions).some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  )
  const first = gated ? 'SchedulingGated' : (asString(status.reason) ?? phase)
  const total = asArray(at(pod, 'spec', 'containers')).length + init.sidecars
  const done = init.reason === undefined || hasCondition(status, 'Initialized')
  const main = done ? mainPhase(status, init.reason ?? first) : undefined
  const restarts = main === undefined ? init.restarts : main.restarts + init.sidecarRestarts
  const reason = main?.reason ?? init.reason ?? first
  return {
    ready: init.ready + (main?.ready ?? 0),
    total,
    restarts,
    lastRestart: main === undefined ? init.lastRestart : main.lastRestart,
    status: whileDeleting(pod, phase, reason),
  }
}

function whileDeleting(pod: Stored, phase: string, reason: string): string {
  if (pod.metadata.deletionTimestamp === undefined) return reason
  if (at(pod, 'status', 'reason') === 'NodeLost') return 'Unknown'
  return phase === 'Failed' || phase === 'Succeeded' ? reason : 'Terminating'
}

function hasCondition(status: Obj, wanted: string): boolean {
  return objectsOf(status.conditions).some(
    ({ type, status: is }) => type === wanted && is === 'True',
  )
}

function initPhase(pod: Stored, status: Obj) {
  const containers = objectsOf(at(pod, 'spec', 'initContainers'))
  const sidecars = new Set(
    containers.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  )
  const result = {
    sidecars: sidecars.size,
    ready: 0,
    restarts: 0,
    sidecarRestarts: 0,
    lastRestart: undefined as string | undefined,
    reason: undefined as string | undefined,
  }
  for (const [index, container] of objectsOf(status.initContainerStatuses).entries()) {
    const count = asNumber(container.restartCount) ?? 0
    result.restarts += count
    result.lastRestart = later(result.lastRestart, container)
    const sidecar = sidecars.has(container.name ?? '')
    if (sidecar) result.sidecarRestarts += count
    const terminated = asObject(at(container, 'state', 'terminated'))
    if (terminated?.exitCode === 0) continue
    if (sidecar && container.started === true) {
      if (container.ready === true) result.ready += 1
      continue
    }
    const waiting = asString(at(container, 'state', 'waiting', 'reason')) ?? ''
    if (terminated !== undefined) result.reason = `Init:${ended(terminated)}`
    else if (waiting !== '' && waiting !== 'PodInitializing') result.reason = `Init:${waiting}`
    else result.reason = `Init:${index}/${containers.length}`
    break
  }
  return result
}

function mainPhase(status: Obj, first: string) {
  const result = {
    ready: 0,
    restarts: 0,
    reason: first,
    lastRestart: undefined as string | undefined,
  }
  let running = false
  for (const container of objectsOf(status.containerStatuses).reverse()) {
    result.restarts += asNumber(container.restartCount) ?? 0
    result.lastRestart = later(result.lastRestart, container)
    const waiting = asString(at(container, 'state', 'waiting', 'reason')) ?? ''
    const terminated = asObject(at(container, 'state', 'terminated'))
    if (waiting !== '') result.reason = waiting
    else if (terminated !== undefined) result.reason = ended(terminated)
    else if (container.ready === true && at(container, 'state', 'running') !== undefined) {
      running = true
      result.ready += 1
    }
  }
  if (result.reason === 'Completed' && running) {
    result.reason = hasCondition(status, 'Ready') ? 'Running' : 'NotReady'
  }
  return result
}

function ended({ reason, signal, exitCode }: Obj): string {
  if (typeof reason === 'string' && reason !== '') return reason
  if (typeof signal === 'number' && signal !== 0) return `Signal:${signal}`
  return `ExitCode:${String(exitCode ?? 0)}`
}

function later(known: string | undefined, container: Obj): string | undefined {
  const finished = asString(at(container, 'lastState', 'terminated', 'finishedAt'))
  if (finished === undefined) return known
  return known === undefined || known < finished ? finished : known
}
