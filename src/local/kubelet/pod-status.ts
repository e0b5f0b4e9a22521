/** The status of a pod, worked out from its containers: pure. */
import type {
  ContainerStatus,
  Pod,
  PodCondition,
  PodPhase,
  PodStatus,
} from '../controllers/shapes.ts'
import { timestamp } from '../controllers/times.ts'

export type PodFacts = {
  /** As last seen; conditions of others are kept. */
  readonly pod: Pod
  readonly known: PodStatus
  readonly containers: readonly ContainerStatus[]
  readonly podIP: string
  readonly hostIP: string
  readonly startTime: string
  /** Instant, milliseconds since the epoch. */
  readonly now: number
}

export function podStatusOf(facts: PodFacts): PodStatus {
  const { pod, containers, podIP, hostIP, startTime } = facts
  const phase = phaseOf(containers, pod.spec.restartPolicy ?? 'Always')
  return {
    phase,
    ...(pod.metadata.generation === undefined
      ? {}
      : { observedGeneration: pod.metadata.generation }),
    conditions: conditionsOf(facts, phase),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    podIP,
    podIPs: [{ ip: podIP }],
    startTime,
    ...initStatuses(pod, startTime),
    containerStatuses: containers,
  }
}

// A container that waits for its restart counts as stopped, one that never ran as waiting.
function phaseOf(containers: readonly ContainerStatus[], restartPolicy: string): PodPhase {
  const count = { waiting: 0, running: 0, stopped: 0, succeeded: 0 }
  for (const { state, lastState } of containers) {
    if ('running' in state) count.running += 1
    else if ('terminated' in state) {
      count.stopped += 1
      if (state.terminated.exitCode === 0) count.succeeded += 1
    } else if (lastState.terminated !== undefined) count.stopped += 1
    else count.waiting += 1
  }
  if (count.waiting > 0) return 'Pending'
  if (count.running > 0 || restartPolicy === 'Always') return 'Running'
  if (count.stopped === count.succeeded) return 'Succeeded'
  return restartPolicy === 'Never' ? 'Failed' : 'Running'
}

/** The phase of a pod that was told to end and whose containers have ended. */
export function endedPhase(containers: readonly ContainerStatus[]): PodPhase {
  const failed = containers.some(
    ({ state }) => !('terminated' in state) || state.terminated.exitCode !== 0,
  )
  return failed ? 'Failed' : 'Succeeded'
}

type Finding = { readonly ok: boolean; readonly reason?: string; readonly message?: string }

function conditionsOf(facts: PodFacts, phase: PodPhase): readonly PodCondition[] {
  const containersReady = containersFinding(facts.containers, phase)
  const findings: Readonly<Record<string, Finding>> = {
    PodReadyToStartContainers: { ok: phase !== 'Succeeded' && phase !== 'Failed' },
    Initialized: { ok: true },
    Ready: readyFinding(facts, containersReady),
    ContainersReady: containersReady,
    PodScheduled: { ok: true },
  }
  const known = facts.known.conditions ?? []
  const seen = facts.pod.status?.conditions ?? []
  const own = Object.entries(findings).map(([type, finding]) =>
    conditionOf(
      type,
      finding,
      known.find((condition) => condition.type === type),
      facts,
    ),
  )
  return [...own, ...seen.filter(({ type }) => findings[type] === undefined)]
}

function containersFinding(containers: readonly ContainerStatus[], phase: PodPhase): Finding {
  const unready = containers.filter(({ ready }) => !ready).map(({ name }) => name)
  if (unready.length === 0) return { ok: true }
  if (phase === 'Succeeded') return { ok: false, reason: 'PodCompleted' }
  if (phase === 'Failed') return { ok: false, reason: 'PodFailed' }
  const message = `containers with unready status: [${unready.join(' ')}]`
  return { ok: false, reason: 'ContainersNotReady', message }
}

function readyFinding({ pod }: PodFacts, containersReady: Finding): Finding {
  if (!containersReady.ok) return containersReady
  const conditions = pod.status?.conditions ?? []
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const gate = conditions.find(({ type }) => type === conditionType)
    if (gate?.status === 'True') continue
    const state = gate === undefined ? 'does not exist' : 'has status "False"'
    const message = `corresponding condition of pod readiness gate "${conditionType}" ${state}`
    return { ok: false, reason: 'ReadinessGatesNotReady', message }
  }
  return { ok: true }
}

function conditionOf(
  type: string,
  { ok, reason, message }: Finding,
  known: PodCondition | undefined,
  { now }: PodFacts,
): PodCondition {
  const status = ok ? 'True' : 'False'
  const since = known?.status === status ? known.lastTransitionTime : undefined
  return {
    type,
    status,
    lastTransitionTime: since ?? timestamp(now),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  }
}

// Init containers are not run here; they count as completed at once.
function initStatuses(pod: Pod, at: string): Pick<PodStatus, 'initContainerStatuses'> {
  const { initContainers = [] } = pod.spec
  if (initContainers.length === 0) return {}
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at }
  return {
    initContainerStatuses: initContainers.map(({ name, image }) => ({
      name,
      image,
      imageID: `local://${image}`,
      ready: true,
      started: false,
      restartCount: 0,
      state: { terminated },
      lastState: {},
    })),
  }
}
