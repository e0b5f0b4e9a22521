/**
 * One sample pod: a server a container port, for HTTP/1.1 and for gRPC over cleartext HTTP/2. Ends gracefully: after `terminate` it goes on answering, asks for
 * connections to be closed, and stops listening only when nothing is in flight any more.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import {
  type AddressInfo,
  createServer as createNetServer,
  type Server,
  type Socket,
} from 'node:net'
import { type Cancel, type Ports, sleep } from '#kube/ports.ts'
import { byFirstBytes } from '../gateway/preface.ts'
import { type Answer, type Asked, answer, isBusiness, overloaded, pathOf } from './answers.ts'
import { type Behaviour, behaviourOf, tagOf } from './behaviour.ts'
import { answerCall, healthCall, isCall } from './grpc.ts'
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
  readonly #sockets = new Set<Socket>()
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
    for (const server of this.#servers) server.close()
    for (const socket of this.#sockets) socket.destroy()
    this.#events.exited(exitCode)
  }

  #server(): Server {
    const http1 = createServer({ keepAliveTimeout: idleConnectionMs, requestTimeout: 0 })
    http1.on('request', (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.#events.log(`request failed: ${String(error)}`)
        response.destroy()
      })
    })
    const http2 = createHttp2Server()
    http2.on('sessionError', () => undefined)
    http2.on('stream', (stream, headers) => {
      this.#serveCall(stream, headers).catch((error: unknown) => {
        this.#events.log(`call failed: ${String(error)}`)
        stream.destroy()
      })
    })
    return createNetServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      byFirstBytes(socket, { http1, http2 })
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request
    const path = pathOf(request)
    const over = this.#begin(method, path)
    response.once('close', () => over(response.statusCode))
    request.resume()
    const given = await this.#answer(request, path)
    response.writeHead(given.status, {
      'content-type': given.contentType,
      'content-length': Buffer.byteLength(given.body),
      ...this.#who(),
      ...(this.#terminating ? { connection: 'close' } : {}),
      ...given.headers,
    })
    response.end(given.body)
  }

  async #serveCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const path = pathOf({ url: headers[':path'] ?? '/' })
    const called = isCall(headers)
    // Calls behave as the front page does, whatever their names; health is health.
    const like = !called ? path : path === healthCall ? '/ready' : '/hello'
    const over = this.#begin(headers[':method'] ?? 'GET', called ? like : path)
    let status = 0
    stream.once('close', () => over(status))
    stream.on('error', () => undefined)
    stream.resume()
    const asked = { url: like, headers: called ? {} : headers }
    const given = await this.#answer(asked, like)
    status = given.status
    const named = { ...given, headers: { ...this.#who(), ...given.headers } }
    if (called) return answerCall(stream, path, named)
    stream.respond({ ':status': status, 'content-type': given.contentType, ...named.headers })
    stream.end(given.body)
  }

  #who(): Readonly<Record<string, string>> {
    return { 'x-pod': this.#facts.pod, 'x-version': tagOf(this.#facts.image) }
  }

  /** Counts a request as in flight until what it returns is called with the status. */
  #begin(method: string, path: string): (status: number) => void {
    const startedAt = this.#ports.clock.monotonic()
    this.#inFlight += 1
    return (status) => {
      const now = this.#ports.clock.monotonic()
      this.#inFlight -= 1
      this.#lastAnswerAt = now
      if (!isBusiness(path)) return
      this.#metrics.observe({ method, path, status, seconds: (now - startedAt) / 1000 })
    }
  }

  async #answer(request: Asked, path: string): Promise<Answer> {
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
