/**
 * Pods without processes and sockets, for virtual time and for many pods: ready and crashing when their behaviour says
 * so, on the clock that is handed in.
 */
import type { Cancel, Clock } from '#kube/ports.ts'
import { type Behaviour, behaviourOf } from '../sample-app/behaviour.ts'
import type { ContainerEvents, ContainerFacts, RunningContainer, Runtime } from './runtime.ts'

export type SimulatedOptions = {
  /** From the start of a container until it listens. Default 0. */
  readonly startMs?: number
  /** From SIGTERM to the end. Default 0. */
  readonly stopMs?: number
  /** What a container does; default: what its image's tag and its SAMPLE_* variables say. */
  readonly behaviour?: (facts: ContainerFacts) => Behaviour
}

export function simulatedRuntime(clock: Clock, options: SimulatedOptions = {}): Runtime {
  const running = new Set<SimulatedContainer>()
  return {
    start: (facts, events) => {
      const behaviour = (options.behaviour ?? (({ image, env }) => behaviourOf(image, env)))(facts)
      const container = new SimulatedContainer(clock, options, behaviour, {
        ...events,
        exited: (exit) => {
          running.delete(container)
          events.exited(exit)
        },
      })
      running.add(container)
      return container
    },
    close: async () => {
      for (const container of running) container.kill()
    },
  }
}

class SimulatedContainer implements RunningContainer {
  readonly #clock: Clock
  readonly #options: SimulatedOptions
  readonly #behaviour: Behaviour
  readonly #events: ContainerEvents
  readonly #timers = new Set<Cancel>()
  #listening = false
  #ready = false
  #ended = false

  constructor(
    clock: Clock,
    options: SimulatedOptions,
    behaviour: Behaviour,
    events: ContainerEvents,
  ) {
    this.#clock = clock
    this.#options = options
    this.#behaviour = behaviour
    this.#events = events
    this.#after(options.startMs ?? 0, () => this.#listen())
  }

  #listen(): void {
    const { readyAfterMs, neverReady, crashAfterMs } = this.#behaviour
    this.#listening = true
    this.#events.started(new Map())
    if (crashAfterMs !== undefined) this.#after(crashAfterMs, () => this.#end(1))
    if (neverReady) return
    const becomeReady = (): void => {
      this.#ready = true
      this.#events.ready()
    }
    if (readyAfterMs === 0) becomeReady()
    else this.#after(readyAfterMs, becomeReady)
  }

  readonly probe: RunningContainer['probe'] = async (request) => {
    if (!this.#listening || this.#ended) return { ok: false, message: 'connection refused' }
    if (request.kind === 'tcp') return { ok: true }
    const path = request.path.split('?')[0] ?? '/'
    if (path === '/nothello')
      return { ok: false, message: 'HTTP probe failed with statuscode: 500' }
    if (path !== '/ready' || this.#ready) return { ok: true }
    return { ok: false, message: 'HTTP probe failed with statuscode: 503' }
  }

  readonly terminate = (): void => this.#after(this.#options.stopMs ?? 0, () => this.#end(0))

  readonly kill = (): void => this.#end(137)

  #after(delayMs: number, action: () => void): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(cancel)
      if (!this.#ended) action()
    })
    this.#timers.add(cancel)
  }

  #end(exitCode: number): void {
    if (this.#ended) return
    this.#ended = true
    for (const cancel of this.#timers) cancel()
    this.#events.exited({ exitCode })
  }
}
