/**
 * One exchange with one pod, bodies streaming both ways. Says how it ended, so that the caller can tell whether trying
 * elsewhere is safe; it never repeats anything itself.
 */
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import type { Clock } from '#kube/ports.ts'
import { endToEnd, type Fields, outgoing } from './headers.ts'
import type { Limits } from './table.ts'

export type Exchange = {
  readonly clock: Clock
  readonly address: { readonly host: string; readonly port: number }
  readonly method: string
  readonly path: string
  readonly fields: Fields
  /** The client's request, read only once the connection stands; undefined for one without body. */
  readonly body: Readable | undefined
  readonly limits: Limits
  readonly signal: AbortSignal
}

/** The head of an answer and where the rest comes from. */
export type Answered = {
  readonly status: number
  readonly message: string
  readonly fields: Fields
  readonly body: Readable
  /** Known when the body has ended. */
  readonly trailers: () => Readonly<Record<string, string>>
}

export type Outcome =
  | { readonly kind: 'answer'; readonly answer: Answered }
  /** The pod took the connection over, for a WebSocket; `rest` is what it said already. */
  | {
      readonly kind: 'switched'
      readonly answer: Answered
      readonly socket: Duplex
      readonly rest: Buffer
    }
  /** Nothing was sent. */
  | { readonly kind: 'notConnected'; readonly error: Error }
  /** An idle connection turned out to be closed by the pod; nothing was answered on it. */
  | { readonly kind: 'stale'; readonly error: Error }
  /** The pod said nothing for longer than allowed. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'broken'; readonly error: Error }

/** @param agent whose connections are used */
export function exchange(given: Exchange, agent: Agent): Promise<Outcome> {
  const { address, method, path, fields, signal, clock, limits } = given
  return new Promise((resolve) => {
    const sent = request({
      ...address,
      agent,
      method,
      path,
      headers: outgoing(fields),
      setHost: false,
      signal,
    })
    const silence = watchSilence(clock, limits.silenceMs, () => {
      resolve({ kind: 'silent' })
      sent.destroy()
    })
    let connected = false
    sent.on('finish', silence.begin)
    sent.on('response', (response) => {
      silence.follow(response)
      resolve({ kind: 'answer', answer: answeredBy(response) })
    })
    sent.on('upgrade', (response, socket, rest) => {
      resolve({ kind: 'switched', answer: answeredBy(response), socket, rest })
    })
    sent.on('close', silence.end)
    sent.on('error', (error) => {
      if (!connected) resolve({ kind: 'notConnected', error })
      else if (sent.reusedSocket) resolve({ kind: 'stale', error })
      else resolve({ kind: 'broken', error })
    })
    whenConnected(sent, given, () => {
      connected = true
      // The body is touched only now, so that a refused connection leaves it whole for another pod.
      if (given.body === undefined) sent.end()
      else given.body.pipe(sent)
    })
  })
}

function whenConnected(sent: ClientRequest, { clock, limits }: Exchange, begin: () => void): void {
  sent.on('socket', (socket: Socket) => {
    const ready = (): void => {
      socket.setNoDelay(true)
      begin()
    }
    if (!socket.connecting) return ready()
    const { connectMs } = limits
    const cancel =
      connectMs === undefined
        ? undefined
        : clock.after(connectMs, () => sent.destroy(new Error(`no connection in ${connectMs} ms`)))
    socket.once('close', () => cancel?.())
    socket.once('connect', () => {
      cancel?.()
      ready()
    })
  })
}

function answeredBy(response: IncomingMessage): Answered {
  return {
    status: response.statusCode ?? 502,
    message: response.statusMessage ?? '',
    fields: endToEnd(response.rawHeaders),
    body: response,
    trailers: () => response.trailers as Readonly<Record<string, string>>,
  }
}

export type Silence = {
  readonly begin: () => void
  /** Every piece that a stream brings counts as a word. */
  readonly follow: (stream: Readable) => void
  readonly end: () => void
}

/** Calls back after `ms` without a word; one timer, moved on only when it fires. */
export function watchSilence(clock: Clock, ms: number | undefined, tooLong: () => void): Silence {
  let last = 0
  let cancel: (() => void) | undefined
  if (ms === undefined) return { begin: () => {}, follow: () => {}, end: () => {} }
  const wait = (left: number): void => {
    cancel = clock.after(left, () => {
      const quiet = clock.monotonic() - last
      if (quiet >= ms) tooLong()
      else wait(ms - quiet)
    })
  }
  const begin = (): void => {
    last = clock.monotonic()
    if (cancel === undefined) wait(ms)
  }
  const end = (): void => cancel?.()
  return {
    begin,
    follow: (stream) => {
      begin()
      // Reading is somebody else's business: a listener alone must not start the flow.
      const flowing = stream.readableFlowing
      stream.on('data', () => {
        last = clock.monotonic()
      })
      if (flowing === null) stream.pause()
      stream.once('close', end)
    },
    end,
  }
}
