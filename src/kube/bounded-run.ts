/**
 * Running a request within a deadline, a caller's signal and the life of the client, with errors
 * that name it.
 */
import { KubeError } from './errors.ts'
import type { HttpRequest } from './http.ts'
import type { Clock } from './ports.ts'

export type BoundedRuns = {
  /**
   * Hands `run` a signal that aborts at the deadline, with the caller's signal, and when the client
   * closes. The deadline counts from the call of `start`. Rejects with a KubeError of code 0, or
   * with the reason of the caller's signal.
   */
  readonly run: <T>(
    request: HttpRequest,
    bounds: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
    run: (signal: AbortSignal, start: () => void) => Promise<T>,
  ) => Promise<T>
  readonly isClosed: () => boolean
  /** Ends what runs and refuses what comes after. */
  readonly close: () => void
}

export function boundedRuns(clock: Clock): BoundedRuns {
  const underWay = new Set<AbortController>()
  let closed = false

  const run: BoundedRuns['run'] = async (request, { timeoutMs, signal: outer }, task) => {
    if (closed) throw unreachable(request, 'the client is closed')
    const controller = new AbortController()
    let cancel = (): void => undefined
    const start = (): void => {
      cancel = clock.after(timeoutMs, () => controller.abort(timedOut(request, timeoutMs)))
    }
    const abandon = (): void => controller.abort(outer?.reason)
    if (outer?.aborted === true) abandon()
    outer?.addEventListener('abort', abandon, { once: true })
    underWay.add(controller)
    try {
      return await task(controller.signal, start)
    } catch (error) {
      if (error instanceof KubeError || controller.signal.aborted) throw error
      throw unreachable(request, error instanceof Error ? error.message : String(error), error)
    } finally {
      cancel()
      outer?.removeEventListener('abort', abandon)
      underWay.delete(controller)
    }
  }

  const close = (): void => {
    closed = true
    const message = 'the client was closed'
    const reason = new KubeError({ reason: 'Unreachable', code: 0, message })
    for (const controller of underWay) controller.abort(reason)
  }
  return { run, isClosed: () => closed, close }
}

/**
 * The promise, or the signal's reason as soon as it aborts, even where what was promised never
 * comes.
 */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason)
    if (signal.aborted) aborted()
    signal.addEventListener('abort', aborted, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted))
  })
}

function unreachable(request: HttpRequest, why: string, cause?: unknown): KubeError {
  const message = `${request.method} ${request.path} got no answer: ${why}`
  return new KubeError({ reason: 'Unreachable', code: 0, message, cause })
}

function timedOut({ method, path }: HttpRequest, timeoutMs: number): KubeError {
  const message = `${method} ${path} got no complete answer within ${timeoutMs / 1000} s`
  return new KubeError({ reason: 'Timeout', code: 0, message })
}
