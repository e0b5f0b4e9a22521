/** Pods: defaults, an almost unchangeable spec, and deletion with a period of grace. */
import {
  asArray,
  asNumber,
  asObject,
  asString,
  child,
  clone,
  equal,
  type Obj,
  objectsOf,
} from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import type { Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { assign, base } from './base.ts'
import { defaultPodSpec, defaultRequests, fill } from './pod-defaults.ts'
import { podSpecProblems } from './pod-validate.ts'

export const podStrategy: Strategy = {
  ...base,
  returnsDeleted: true,
  defaults: (pod) => {
    const spec = child(pod, 'spec')
    defaultPodSpec(spec)
    defaultRequests(spec)
    fill(spec, 'enableServiceLinks', true)
    const status = asObject(pod.status)
    if (status !== undefined) followPodIp(status)
  },
  prepareCreate: (pod) => {
    const spec = child(pod, 'spec')
    pod.metadata.generation = 1
    addTolerations(spec)
    pod.status = { phase: 'Pending', qosClass: qosClass(spec) }
  },
  prepareUpdate: (pod, old) => {
    assign(pod, 'status', old.status)
    if (!equal(pod.spec, old.spec)) {
      pod.metadata.generation = (asNumber(old.metadata.generation) ?? 0) + 1
    }
  },
  prepareStatus: (pod, old) => {
    assign(pod, 'spec', old.spec)
    assign(pod.metadata, 'ownerReferences', old.metadata.ownerReferences)
    const status = child(pod, 'status')
    const was = asObject(old.status) ?? {}
    assign(status, 'qosClass', was.qosClass)
  },
  validate: (pod) => podSpecProblems(asObject(pod.spec) ?? {}, 'spec'),
  validateUpdate,
  graceSeconds: (pod, asked) => {
    const period = asked ?? asNumber(asObject(pod.spec)?.terminationGracePeriodSeconds) ?? 30
    const phase = asString(asObject(pod.status)?.phase)
    // Nobody runs it, or it has ended: nobody has to be waited for.
    if ((asObject(pod.spec)?.nodeName ?? '') === '') return 0
    if (phase === 'Failed' || phase === 'Succeeded') return 0
    return period < 0 ? 1 : period
  },
}

/** One address and a list of addresses: whoever writes one of them means both. */
function followPodIp(status: Obj): void {
  const ips = objectsOf(status.podIPs)
  if (typeof status.podIP === 'string' && status.podIP !== '') {
    if (ips[0]?.ip !== status.podIP) status.podIPs = [{ ip: status.podIP }]
  } else if (ips[0] !== undefined) status.podIP = ips[0].ip ?? ''
}

function addTolerations(spec: Obj): void {
  const tolerations = objectsOf(spec.tolerations)
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    const covered = tolerations.some(
      (one) =>
        (one.key === key || (one.key ?? '') === '') &&
        ['NoExecute', undefined, ''].includes(one.effect as string),
    )
    if (covered) continue
    tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 })
  }
  spec.tolerations = tolerations
}

/** Guaranteed, Burstable or BestEffort, from the requests and limits of CPU and memory. */
function qosClass(spec: Obj): string {
  const containers = [...objectsOf(spec.containers), ...objectsOf(spec.initContainers)]
  let any = false
  let guaranteed = true
  for (const { resources } of containers) {
    const limits = asObject(asObject(resources)?.limits) ?? {}
    const requests = asObject(asObject(resources)?.requests) ?? {}
    for (const name of ['cpu', 'memory']) {
      if (limits[name] !== undefined || requests[name] !== undefined) any = true
      if (limits[name] === undefined || !equal(limits[name], requests[name] ?? limits[name])) {
        guaranteed = false
      }
    }
  }
  if (!any) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

const frozen =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

function validateUpdate(pod: Stored, old: Stored): Problem[] {
  const problems = podSpecProblems(asObject(pod.spec) ?? {}, 'spec')
  if (problems.length > 0) return problems
  const now = changeable(pod)
  const before = changeable(old)
  return equal(now, before) ? [] : [problem.forbidden('spec', frozen)]
}

/** The spec without what an update may change. */
function changeable(pod: Stored): Obj {
  const spec = clone(asObject(pod.spec) ?? {})
  for (const list of ['containers', 'initContainers']) {
    for (const container of objectsOf(spec[list])) delete container.image
  }
  for (const field of ['activeDeadlineSeconds', 'tolerations', 'terminationGracePeriodSeconds']) {
    delete spec[field]
  }
  if (asArray(spec.schedulingGates).length === 0) delete spec.schedulingGates
  return spec
}
