/**
 * The life of one container: pull, start, probes, restarts with back-off, end. Knows nothing of the API server; tells
 * its pod when something about it has changed.
 */
import type { Cancel, Clock } from '#kube/ports.ts'
import type { EventType } from '../controllers/events.ts'
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Terminated,
} from '../controllers/shapes.ts'
import { timestamp } from '../controllers/times.ts'
import { BackOff, goDuration } from './back-off.ts'
import { ContainerProbes } from './container-probes.ts'
import { ConfigProblem } from './environment.ts'
import type { ContainerFacts, Exit, RunningContainer, Runtime } from './runtime.ts'

export type ContainerDeps = {
  readonly clock: Clock
  readonly runtime: Runtime
  readonly newId: () => string
  /** `name_namespace(uid)`, for messages. */
  readonly podTitle: string
  readonly restartPolicy: string
  readonly facts: () => Promise<ContainerFacts>
  readonly log: () => { readonly line: (text: string) => void; readonly end: () => void }
  readonly event: (type: EventType, reason: string, message: string) => void
  readonly changed: () => void
}

// A missing ConfigMap may be created any moment.
const configRetryMs = 2_000
// From the SIGTERM of a restart to SIGKILL.
const defaultGraceMs = 30_000

export class ContainerRun {
  readonly spec: Container
  readonly #deps: ContainerDeps
  readonly #backOff = new BackOff()
  readonly #pullBackOff = new BackOff()
  readonly #probes: ContainerProbes
  #state: ContainerState = { waiting: { reason: 'ContainerCreating' } }
  #last: Terminated | undefined
  #containerID = ''
  #restarts = 0
  #running: RunningContainer | undefined
  #addresses: ReadonlyMap<number, string> = new Map()
  #programReady = false
  #stopping = false
  #retry: Cancel = () => undefined
  #killTimer: Cancel = () => undefined
  #onExit: (() => void)[] = []

  constructor(spec: Container, deps: ContainerDeps) {
    this.spec = spec
    this.#deps = deps
    this.#probes = new ContainerProbes(spec, {
      clock: deps.clock,
      execute: async (request) =>
        (await this.#running?.probe(request)) ?? { ok: false, message: 'container is not running' },
      event: deps.event,
      changed: deps.changed,
      unhealthy: () => this.#restartUnhealthy(),
    })
  }

  /** Where its ports are reached, by container port. */
  get addresses(): ReadonlyMap<number, string> {
    return this.#addresses
  }

  get terminated(): Terminated | undefined {
    return 'terminated' in this.#state ? this.#state.terminated : undefined
  }

  status(): ContainerStatus {
    const running = 'running' in this.#state
    const started = running && this.#probes.started
    return {
      name: this.spec.name,
      image: this.spec.image,
      imageID: this.#containerID === '' ? '' : `local://${this.spec.image}`,
      ...(this.#containerID === '' ? {} : { containerID: this.#containerID }),
      ready: started && this.#probes.ready && this.#programReady,
      started,
      restartCount: this.#restarts,
      state: this.#state,
      lastState: this.#last === undefined ? {} : { terminated: this.#last },
    }
  }

  start(): void {
    if (this.#stopping) return
    if (this.spec.image.endsWith('-nopull')) return this.#failPull()
    void this.#launch()
  }

  /** SIGTERM now, SIGKILL after `graceMs`; a second call may only shorten that. Resolves when the container has ended. */
  stop(graceMs: number): Promise<void> {
    this.#stopping = true
    this.#retry()
    if (this.#running === undefined) return Promise.resolve()
    const ended = new Promise<void>((resolve) => this.#onExit.push(resolve))
    this.#terminate(graceMs)
    return ended
  }

  #terminate(graceMs: number): void {
    const running = this.#running
    this.#killTimer()
    this.#killTimer = this.#deps.clock.after(graceMs, () => running?.kill())
    running?.terminate()
  }

  /** No more restarts from now on: the pod is on its way out. */
  noRestart(): void {
    this.#stopping = true
    this.#retry()
  }

  probe(request: Parameters<RunningContainer['probe']>[0]) {
    return this.#running?.probe(request)
  }

  async #launch(): Promise<void> {
    const { deps, spec } = { deps: this.#deps, spec: this.spec }
    let facts: ContainerFacts
    try {
      facts = await deps.facts()
    } catch (error) {
      return this.#failConfig(error)
    }
    if (this.#stopping) return
    deps.event('Normal', 'Pulled', `Container image "${spec.image}" already present on machine`)
    deps.event('Normal', 'Created', `Created container: ${spec.name}`)
    const log = deps.log()
    this.#programReady = false
    this.#running = deps.runtime.start(facts, {
      started: (addresses) => this.#started(addresses),
      ready: () => {
        this.#programReady = true
        deps.changed()
      },
      log: log.line,
      exited: (exit) => {
        log.end()
        this.#exited(exit)
      },
    })
  }

  #started(addresses: ReadonlyMap<number, string>): void {
    this.#addresses = addresses
    this.#containerID = `local://${this.#deps.newId().replaceAll('-', '')}`
    this.#state = { running: { startedAt: timestamp(this.#deps.clock.now()) } }
    this.#deps.event('Normal', 'Started', `Started container ${this.spec.name}`)
    this.#deps.changed()
    this.#probes.start()
  }

  #exited(exit: Exit): void {
    const now = this.#deps.clock.now()
    const startedAt = 'running' in this.#state ? this.#state.running.startedAt : timestamp(now)
    const { exitCode, signal, message } = exit
    this.#killTimer()
    this.#probes.stop()
    this.#running = undefined
    this.#programReady = false
    const terminated: Terminated = {
      exitCode,
      ...(signal === undefined ? {} : { signal }),
      reason: exitCode === 0 ? 'Completed' : 'Error',
      ...(message === undefined ? {} : { message }),
      startedAt,
      finishedAt: timestamp(now),
      ...(this.#containerID === '' ? {} : { containerID: this.#containerID }),
    }
    this.#state = { terminated }
    if (this.#mayRestart(exitCode)) this.#restartLater(terminated, now)
    this.#deps.changed()
    for (const resolve of this.#onExit) resolve()
    this.#onExit = []
  }

  #mayRestart(exitCode: number): boolean {
    if (this.#stopping || this.#deps.restartPolicy === 'Never') return false
    return this.#deps.restartPolicy !== 'OnFailure' || exitCode !== 0
  }

  #restartLater(terminated: Terminated, failedAt: number): void {
    const { clock, podTitle, event } = this.#deps
    const { name } = this.spec
    const restart = (): void => {
      this.#backOff.next(failedAt)
      this.#last = terminated
      this.#restarts += 1
      this.start()
    }
    const waitMs = this.#backOff.waitMs(failedAt, clock.now())
    this.#retry = clock.after(waitMs, restart)
    if (waitMs === 0) return
    const delay = goDuration(this.#backOff.delayMs)
    this.#last = terminated
    this.#state = {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: `back-off ${delay} restarting failed container=${name} pod=${podTitle}`,
      },
    }
    const said = `Back-off restarting failed container ${name} in pod ${podTitle}`
    event('Warning', 'BackOff', said)
  }

  // The restart follows from the exit, as after a crash.
  #restartUnhealthy(): void {
    if (this.#running === undefined || this.#stopping) return
    const what = this.#probes.started ? 'liveness' : 'startup'
    this.#probes.stop()
    const said = `Container ${this.spec.name} failed ${what} probe, will be restarted`
    this.#deps.event('Normal', 'Killing', said)
    this.#terminate(defaultGraceMs)
  }

  #failConfig(error: unknown): void {
    if (this.#stopping) return
    const message = error instanceof Error ? error.message : String(error)
    const reason =
      error instanceof ConfigProblem ? 'CreateContainerConfigError' : 'CreateContainerError'
    this.#state = { waiting: { reason, message } }
    this.#deps.event('Warning', 'Failed', `Error: ${message}`)
    this.#retry = this.#deps.clock.after(configRetryMs, () => this.start())
    this.#deps.changed()
  }

  #failPull(): void {
    const { clock, event, changed } = this.#deps
    const { image } = this.spec
    const failedAt = clock.now()
    const message = `failed to pull image "${image}": not found`
    event('Normal', 'Pulling', `Pulling image "${image}"`)
    event('Warning', 'Failed', `Failed to pull image "${image}": ${message}`)
    event('Warning', 'Failed', 'Error: ErrImagePull')
    this.#state = { waiting: { reason: 'ErrImagePull', message } }
    changed()
    this.#pullBackOff.next(failedAt)
    const waitMs = this.#pullBackOff.delayMs
    // The kubelet comes by again well before the pull is due, and finds that it has to wait.
    const announce = clock.after(Math.min(1_000, waitMs / 2), () => {
      const said = `Back-off pulling image "${image}"`
      this.#state = { waiting: { reason: 'ImagePullBackOff', message: said } }
      event('Normal', 'BackOff', said)
      event('Warning', 'Failed', 'Error: ImagePullBackOff')
      changed()
    })
    const again = clock.after(waitMs, () => this.start())
    this.#retry = () => {
      announce()
      again()
    }
  }
}
