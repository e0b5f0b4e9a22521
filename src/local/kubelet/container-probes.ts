/** The three probes of one container: startup first, then readiness and liveness side by side. */
import type { Cancel, Clock } from '#kube/ports.ts'
import type { EventType } from '../controllers/events.ts'
import type { Container, Probe } from '../controllers/shapes.ts'
import { probeRequest, startProber } from './prober.ts'
import type { ProbeAnswer, ProbeRequest } from './runtime.ts'

export type ProbesDeps = {
  readonly clock: Clock
  readonly execute: (request: ProbeRequest) => Promise<ProbeAnswer>
  readonly event: (type: EventType, reason: string, message: string) => void
  readonly changed: () => void
  /** The startup or liveness probe has failed for good. */
  readonly unhealthy: () => void
}

export class ContainerProbes {
  readonly #spec: Container
  readonly #deps: ProbesDeps
  #cancels: Cancel[] = []
  #started = false
  #ready = false

  constructor(spec: Container, deps: ProbesDeps) {
    this.#spec = spec
    this.#deps = deps
  }

  /** The startup probe, if any, has passed. */
  get started(): boolean {
    return this.#started
  }

  /** The readiness probe, if any, passes. */
  get ready(): boolean {
    return this.#ready
  }

  start(): void {
    this.stop()
    const { startupProbe } = this.#spec
    if (startupProbe === undefined) return this.#afterStartup()
    const stop = this.#run('Startup', startupProbe, (ok) => {
      stop()
      if (ok) this.#afterStartup()
      else this.#deps.unhealthy()
    })
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel()
    this.#cancels = []
    this.#started = false
    this.#ready = false
  }

  #afterStartup(): void {
    const { readinessProbe, livenessProbe } = this.#spec
    this.#started = true
    this.#ready = readinessProbe === undefined
    this.#deps.changed()
    if (readinessProbe !== undefined) {
      this.#run('Readiness', readinessProbe, (ok) => {
        if (this.#ready === ok) return
        this.#ready = ok
        this.#deps.changed()
      })
    }
    if (livenessProbe !== undefined) {
      this.#run('Liveness', livenessProbe, (ok) => {
        if (!ok) this.#deps.unhealthy()
      })
    }
  }

  #run(name: string, probe: Probe, verdict: (ok: boolean) => void): Cancel {
    const request = probeRequest(probe, this.#spec)
    const stop = startProber({
      clock: this.#deps.clock,
      probe,
      execute: async () => (request === undefined ? { ok: true } : this.#deps.execute(request)),
      verdict,
      failed: (message) =>
        this.#deps.event('Warning', 'Unhealthy', `${name} probe failed: ${message}`),
    })
    this.#cancels.push(stop)
    return stop
  }
}
