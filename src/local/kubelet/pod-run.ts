/** The life of one pod on a node: address, containers, status, graceful end. */
import { kinds } from '#core/k8s/kinds.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { type Ports, sleep } from '#kube/ports.ts'
import type { EventRecorder } from '../controllers/events.ts'
import type { Container, Pod } from '../controllers/shapes.ts'
import { instantOf, timestamp } from '../controllers/times.ts'
import type { PodAddresses } from './addresses.ts'
import { type ContainerDeps, ContainerRun } from './container-run.ts'
import { environmentOf } from './environment.ts'
import type { Logs } from './logs.ts'
import { endedPhase, podStatusOf } from './pod-status.ts'
import { preStopMs, preStopRequest } from './pre-stop.ts'
import type { ContainerFacts, Runtime } from './runtime.ts'
import { StatusWriter, type Wanted } from './status-writer.ts'

export type PodDeps = {
  readonly cluster: Cluster
  readonly ports: Ports
  readonly runtime: Runtime
  readonly events: EventRecorder
  readonly addresses: PodAddresses
  readonly logs: Logs
  readonly hostIP: string
  /** Between the end being asked for and SIGTERM, for containers without a preStop hook. */
  readonly drainMs: number
  /** Where a pod's logs are read; undefined where none are served. */
  readonly logsUrl: (pod: Pod) => string | undefined
  readonly report: (error: unknown) => void
}

export const addressAnnotation = 'local.headgate.dev/address'
export const logsAnnotation = 'local.headgate.dev/logs'

export class PodRun {
  readonly #deps: PodDeps
  readonly #containers: readonly ContainerRun[]
  readonly #writer: StatusWriter
  readonly #podIP: string
  readonly #startTime: string
  #pod: Pod
  #end: 'running' | 'ending' | 'ended' = 'running'
  #over = false

  constructor(deps: PodDeps, pod: Pod) {
    this.#deps = deps
    this.#pod = pod
    const known = pod.status?.podIP
    this.#podIP = known ?? deps.addresses.take()
    this.#startTime = pod.status?.startTime ?? timestamp(deps.ports.clock.now())
    this.#containers = pod.spec.containers.map((spec) => this.#container(spec))
    this.#writer = new StatusWriter({
      cluster: deps.cluster,
      clock: deps.ports.clock,
      pod,
      wanted: () => this.#wanted(),
      report: deps.report,
    })
  }

  start(): void {
    const { phase } = this.#pod.status ?? {}
    if (phase === 'Succeeded' || phase === 'Failed') this.#end = 'ended'
    else if (this.#pod.metadata.deletionTimestamp === undefined) {
      for (const container of this.#containers) container.start()
      this.#writer.touch()
    }
    this.update(this.#pod)
  }

  /** The pod as the API server has it now. */
  update(pod: Pod): void {
    this.#pod = pod
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (this.#end === 'running') void this.#terminate()
      else if (this.#end === 'ended') void this.#remove()
      return
    }
    // Readiness gates are set by others and decide along.
    if ((pod.spec.readinessGates ?? []).length > 0) this.#writer.touch()
  }

  /** The pod is gone from the API server: whatever still runs is ended without a trace there. */
  async gone(): Promise<void> {
    this.#over = true
    this.#writer.end()
    const graceMs = (this.#pod.spec.terminationGracePeriodSeconds ?? 30) * 1000
    await Promise.all(this.#containers.map((container) => container.stop(graceMs)))
    this.#deps.addresses.release(this.#podIP)
    this.#deps.logs.forget(this.#key)
  }

  /** The kubelet ends: nothing more is said or restarted. */
  silence(): void {
    this.#over = true
    this.#writer.end()
    for (const container of this.#containers) container.noRestart()
  }

  get #key(): string {
    return `${this.#pod.metadata.namespace ?? ''}/${this.#pod.metadata.name}`
  }

  #container(spec: Container): ContainerRun {
    const { ports, runtime, logs, events } = this.#deps
    const { name, namespace = '', uid = '' } = this.#pod.metadata
    const event: ContainerDeps['event'] = (type, reason, message) => {
      if (this.#over) return
      events.record(this.#pod, type, reason, message, `spec.containers{${spec.name}}`)
    }
    return new ContainerRun(spec, {
      clock: ports.clock,
      runtime,
      newId: ports.newId,
      podTitle: `${name}_${namespace}(${uid})`,
      restartPolicy: this.#pod.spec.restartPolicy ?? 'Always',
      facts: () => this.#facts(spec),
      log: () => logs.begin(this.#key, spec.name),
      event,
      changed: () => this.#changed(),
    })
  }

  #changed(): void {
    const done = this.#containers.every(({ terminated }) => terminated !== undefined)
    if (this.#end === 'running' && done && this.#pod.spec.restartPolicy !== 'Always') {
      const phase = this.#wanted().status.phase
      if (phase === 'Succeeded' || phase === 'Failed') this.#end = 'ended'
    }
    this.#writer.touch()
  }

  async #facts(spec: Container): Promise<ContainerFacts> {
    const { name, namespace = '', uid = '' } = this.#pod.metadata
    const env = await environmentOf(this.#deps.cluster, this.#pod, spec, this.#podIP)
    const ports = (spec.ports ?? [])
      .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
      .map(({ containerPort }) => containerPort)
    return {
      namespace,
      pod: name,
      podUid: uid,
      podIP: this.#podIP,
      container: spec.name,
      image: spec.image,
      ports: [...new Set(ports)],
      env,
      ...(spec.command === undefined ? {} : { command: spec.command }),
      ...(spec.args === undefined ? {} : { args: spec.args }),
    }
  }

  #wanted(): Wanted {
    const containers = this.#containers.map((container) => container.status())
    const status = podStatusOf({
      pod: this.#pod,
      known: this.#writer.written,
      containers,
      podIP: this.#podIP,
      hostIP: this.#deps.hostIP,
      startTime: this.#startTime,
      now: this.#deps.ports.clock.now(),
    })
    const ended = this.#end === 'ended' && this.#pod.metadata.deletionTimestamp !== undefined
    return {
      annotations: this.#annotations(),
      status: ended ? { ...status, phase: endedPhase(containers) } : status,
    }
  }

  #annotations(): Record<string, string> {
    const addresses = new Map(this.#containers.flatMap((container) => [...container.addresses]))
    if (addresses.size === 0) return {}
    const logs = this.#deps.logsUrl(this.#pod)
    return {
      [addressAnnotation]: JSON.stringify(Object.fromEntries(addresses)),
      ...(logs === undefined ? {} : { [logsAnnotation]: logs }),
    }
  }

  async #terminate(): Promise<void> {
    this.#end = 'ending'
    const graceMs = this.#graceMs()
    await Promise.all(this.#containers.map((container) => this.#stop(container, graceMs)))
    if (this.#over) return
    this.#end = 'ended'
    this.#writer.touch()
    await this.#writer.flushed()
    await this.#remove()
  }

  #graceMs(): number {
    const { deletionGracePeriodSeconds } = this.#pod.metadata
    const seconds = deletionGracePeriodSeconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? 30
    return seconds * 1000
  }

  async #stop(container: ContainerRun, graceMs: number): Promise<void> {
    const { ports, events, drainMs } = this.#deps
    const { spec } = container
    container.noRestart()
    if ('running' in container.status().state) {
      const place = `spec.containers{${spec.name}}`
      events.record(this.#pod, 'Normal', 'Killing', `Stopping container ${spec.name}`, place)
      const request = preStopRequest(spec)
      if (request !== undefined) await container.probe(request)
      // A hook may use up the whole grace period, and then the program gets next to none.
      await sleep(ports.clock, Math.min(preStopMs(spec) ?? drainMs, graceMs))
    }
    await container.stop(Math.max(this.#graceLeft(graceMs), 0))
  }

  // The API server says until when: deletionTimestamp already includes the grace period. It is rounded to seconds, so
  // the rest is never less than half a second, unless no grace was given at all.
  #graceLeft(graceMs: number): number {
    if (graceMs === 0) return 0
    const end = instantOf(this.#pod.metadata.deletionTimestamp)
    const left = end === undefined ? graceMs : end - this.#deps.ports.clock.now()
    return Math.min(Math.max(left, 500), graceMs)
  }

  async #remove(): Promise<void> {
    const { uid } = this.#pod.metadata
    const options = { gracePeriodSeconds: 0, ...(uid === undefined ? {} : { uid }) }
    try {
      await this.#deps.cluster.remove(kinds.pod, this.#pod.metadata, options)
    } catch (error) {
      if (isKube(error, 'NotFound', 'Conflict') || this.#over) return
      this.#deps.report(error)
      await sleep(this.#deps.ports.clock, 1_000)
      if (!this.#over) await this.#remove()
    }
  }
}
