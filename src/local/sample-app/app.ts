/**
 * One sample pod: an HTTP server a container port. Ends gracefully: after `terminate` it goes on answering, asks for
 * connections to be closed, and stops listening only when nothing is in flight any more.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Cancel, type Ports, sleep } from '#kube/ports.ts'
import { answer, isBusiness, overloaded, pathOf } from './answers.ts'
import { type Behaviour, behaviourOf, tagOf } from './behaviour.ts'
import { Metrics } from './metrics.ts'
import type { AppFacts } from './protocol.ts'

export type AppEvents = {
  readonly listening: (ports: readonly (readonly [number, number])[]) => void
  readonly ready: () => void
  readonly log: (line: string) => void
  readonly exited: (exitCode: number) => void
}

export type App = { readonly terminate: () => void; readonly kill: () => void }

// Gateways reuse idle connections; one that has just been closed under them costs a request.
const idleConnectionMs = 10 * 60_000
// After the last answer a client may be about to send again on a connection it was not asked to close.
const quietMs = 50

/** Begins to listen; `exited` is told exactly once. */
export function startApp(facts: AppFacts, ports: Ports, events: AppEvents): App {
  const app = new SampleApp(facts, ports, events)
  void app.start()
  return app
}

class SampleApp implements App {
  readonly #facts: AppFacts
  readonly #ports: Ports
  readonly #events: AppEvents
  readonly #behaviour: Behaviour
  readonly #metrics = new Metrics()
  readonly #timers: Cancel[] = []
  #servers: readonly Server[] = []
  #ready = false
  #inFlight = 0
  #lastAnswerAt = 0
  #errorDebt: number
  #terminating = false
  #exited = false

  constructor(facts: AppFacts, ports: Ports, events: AppEvents) {
    this.#facts = facts
    this.#ports = ports
    this.#events = events
    this.#behaviour = behaviourOf(facts.image, facts.env)
    this.#errorDebt = ports.random() * 100
  }

  async start(): Promise<void> {
    const { image, pod, ports } = this.#facts
    const wanted = ports.length > 0 ? ports : [8080]
    try {
      this.#servers = wanted.map(() => this.#server())
      const pairs = await Promise.all(
        this.#servers.map(async (server, index) => {
          return [wanted[index] ?? 0, await listen(server)] as const
        }),
      )
      if (this.#exited) return
      this.#events.listening(pairs)
      this.#events.log(`${pod} runs ${image}, listening on ${wanted.join(', ')}`)
      this.#later()
    } catch (error) {
      this.#events.log(`cannot listen: ${String(error)}`)
      this.#exit(1)
    }
  }

  #later(): void {
    const { readyAfterMs, neverReady, crashAfterMs } = this.#behaviour
    const { clock } = this.#ports
    const becomeReady = (): void => {
      this.#ready = true
      this.#events.ready()
    }
    if (!neverReady && readyAfterMs === 0) becomeReady()
    else if (!neverReady) this.#timers.push(clock.after(readyAfterMs, becomeReady))
    if (crashAfterMs === undefined) return
    const crash = (): void => {
      this.#events.log('crashes on demand')
      this.#exit(1)
    }
    this.#timers.push(clock.after(crashAfterMs, crash))
  }

  readonly terminate = (): void => {
    if (this.#terminating || this.#exited) return
    this.#terminating = true
    this.#lastAnswerAt = this.#ports.clock.monotonic()
    this.#events.log('SIGTERM: finishing what is in flight')
    void this.#drain()
  }

  readonly kill = (): void => this.#exit(137)

  async #drain(): Promise<void> {
    const { clock } = this.#ports
    for (;;) {
      const quietFor = clock.monotonic() - this.#lastAnswerAt
      if (this.#inFlight === 0 && quietFor >= quietMs) break
      await sleep(clock, this.#inFlight > 0 ? quietMs : Math.max(1, quietMs - quietFor))
      if (this.#exited) return
    }
    this.#exit(0)
  }

  #exit(exitCode: number): void {
    if (this.#exited) return
    this.#exited = true
    for (const cancel of this.#timers) cancel()
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
    this.#events.exited(exitCode)
  }

  #server(): Server {
    const server = createServer({ keepAliveTimeout: idleConnectionMs, requestTimeout: 0 })
    server.on('request', (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.#events.log(`request failed: ${String(error)}`)
        response.destroy()
      })
    })
    return server
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = this.#ports.clock.monotonic()
    const path = pathOf(request)
    this.#inFlight += 1
    response.once('close', () => {
      const now = this.#ports.clock.monotonic()
      this.#inFlight -= 1
      this.#lastAnswerAt = now
      if (!isBusiness(path)) return
      const { method = 'GET' } = request
      const seconds = (now - startedAt) / 1000
      this.#metrics.observe({ method, path, status: response.statusCode, seconds })
    })
    request.resume()
    const given = await this.#answer(request, path)
    response.writeHead(given.status, {
      'content-type': given.contentType,
      'content-length': Buffer.byteLength(given.body),
      'x-pod': this.#facts.pod,
      'x-version': tagOf(this.#facts.image),
      ...(this.#terminating ? { connection: 'close' } : {}),
      ...given.headers,
    })
    response.end(given.body)
  }

  async #answer(request: IncomingMessage, path: string) {
    const { latencyMs, maxConcurrent } = this.#behaviour
    const state = {
      facts: this.#facts,
      ready: () => this.#ready && !this.#terminating,
      metricsText: () => this.#metrics.text(),
    }
    const suffers = path === '/' || path === '/hello'
    if (maxConcurrent !== undefined && suffers && this.#inFlight > maxConcurrent) return overloaded
    if (suffers && latencyMs > 0) await sleep(this.#ports.clock, latencyMs)
    return answer(state, request, suffers && this.#failsNow())
  }

  // Spread evenly, so that 20 per cent of 50 requests is 10 and not somewhere between 4 and 17.
  #failsNow(): boolean {
    this.#errorDebt += this.#behaviour.errorRate
    if (this.#errorDebt < 100) return false
    this.#errorDebt -= 100
    return true
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
