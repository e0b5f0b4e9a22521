/**
 * One exchange with one pod, bodies streaming both ways. Says how it ended, so that the caller can tell whether trying
 * elsewhere is safe; it never repeats anything itself.
 */
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { Upstream } from './endpoints.ts'
import type { Fields } from './headers.ts'
import { outgoing } from './headers.ts'

export type Exchange = {
  readonly upstream: Upstream
  readonly agent: Agent
  readonly method: string
  readonly path: string
  readonly fields: Fields
  /** The client's request, read only once the connection stands; undefined for one without body. */
  readonly body: IncomingMessage | undefined
  readonly signal: AbortSignal
}

export type Outcome =
  | { readonly kind: 'answer'; readonly response: IncomingMessage }
  /** Nothing was sent. */
  | { readonly kind: 'notConnected'; readonly error: Error }
  /** An idle connection turned out to be closed by the pod; nothing was answered on it. */
  | { readonly kind: 'stale'; readonly error: Error }
  | { readonly kind: 'broken'; readonly error: Error }

export function exchange(given: Exchange): Promise<Outcome> {
  const { upstream, agent, method, path, fields, body, signal } = given
  return new Promise((resolve) => {
    const sent: ClientRequest = request({
      host: upstream.host,
      port: upstream.port,
      agent,
      method,
      path,
      headers: outgoing(fields),
      setHost: false,
      signal,
    })
    let connected = false
    sent.on('response', (response) => resolve({ kind: 'answer', response }))
    sent.on('error', (error) => {
      if (!connected) resolve({ kind: 'notConnected', error })
      else if (sent.reusedSocket) resolve({ kind: 'stale', error })
      else resolve({ kind: 'broken', error })
    })
    sent.on('socket', (socket) => {
      const begin = (): void => {
        connected = true
        socket.setNoDelay(true)
        // The body is touched only now, so that a refused connection leaves it whole for another pod.
        if (body === undefined) sent.end()
        else body.pipe(sent)
      }
      if (socket.connecting) socket.once('connect', begin)
      else begin()
    })
  })
}
