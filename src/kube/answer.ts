/** Reading what came back: bodies within a limit, and errors with Kubernetes' own reasons. */
import { KubeError, type KubeReason, type KubeStatus } from './errors.ts'
import type { HttpRequest, HttpResponse } from './http.ts'

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const byStatus: Readonly<Record<number, KubeReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  408: 'Timeout',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: 'ServiceUnavailable',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

const known: ReadonlySet<string> = new Set([
  ...Object.values(byStatus),
  'AlreadyExists',
  'Expired',
  'ServerTimeout',
])

/**
 * The next chunk, or the signal's reason as soon as it aborts; a body that never comes holds nobody
 * up.
 * @throws what the body threw, or `signal.reason`.
 */
export function nextChunk(
  chunks: AsyncIterator<Uint8Array | string>,
  signal: AbortSignal,
): Promise<IteratorResult<Uint8Array | string>> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const aborted = (): void => reject(signal.reason)
    signal.addEventListener('abort', aborted, { once: true })
    const arrived = (): void => signal.removeEventListener('abort', aborted)
    chunks.next().then(
      (chunk) => {
        arrived()
        resolve(chunk)
      },
      (error: unknown) => {
        arrived()
        reject(error)
      },
    )
  })
}

/** Lets go of a body that is no longer wanted; what goes wrong with it then is nobody's concern. */
export function letGo(chunks: AsyncIterator<unknown>): void {
  chunks.return?.().catch(() => undefined)
}

/**
 * The whole body as text.
 * @throws KubeError (RequestEntityTooLarge, code 0) beyond `maxBytes`; whatever broke the body;
 * `signal.reason`.
 */
export async function readBody(
  response: HttpResponse,
  limits: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<string> {
  const chunks = response.body[Symbol.asyncIterator]()
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  try {
    while (true) {
      const { done, value } = await nextChunk(chunks, limits.signal)
      if (done === true) return text + decoder.decode()
      bytes += value.length
      if (bytes > limits.maxBytes) throw tooLarge(limits.maxBytes)
      text += typeof value === 'string' ? value : decoder.decode(value, { stream: true })
    }
  } finally {
    letGo(chunks)
  }
}

/**
 * The error that an answer outside 2xx stands for. `now` is the wall clock, for a Retry-After that
 * names a date.
 */
export function errorOf(request: HttpRequest, answer: Answer, now: number): KubeError {
  const status = statusOf(answer.body)
  const where = `${request.method} ${request.path}`
  const text = answer.body.trim().slice(0, 200)
  return new KubeError({
    reason: reasonOf(status?.reason, answer.status),
    code: answer.status,
    message:
      status?.message !== undefined && status.message !== ''
        ? status.message
        : `${where} answered ${answer.status}${text === '' ? '' : `: ${text}`}`,
    retryAfterMs: retryAfter(answer.headers['retry-after'], now) ?? retryAfterOf(status),
    status,
  })
}

/** The error that a Status object inside a watch stream stands for. */
export function errorOfStatus(status: KubeStatus): KubeError {
  const code = typeof status.code === 'number' ? status.code : 500
  return new KubeError({
    reason: reasonOf(status.reason, code),
    code,
    message: status.message ?? `the watch ended with ${code}`,
    retryAfterMs: retryAfterOf(status),
    status,
  })
}

/**
 * Whether the server no longer (410), or not yet (after a restore from a backup), has the version
 * that was asked for. Either way only a fresh list helps.
 */
export function isVersionGone(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false
  if (error.reason === 'Gone' || error.reason === 'Expired' || error.code === 410) return true
  const details = error.status?.details
  const causes = isRecord(details) && Array.isArray(details['causes']) ? details['causes'] : []
  return (
    causes.some((cause) => isRecord(cause) && cause['reason'] === 'ResourceVersionTooLarge') ||
    /too large resource version/i.test(error.message)
  )
}

/**
 * A JSON body as the value it holds.
 * @throws KubeError (Unknown, code 0: an answer that made no sense, worth another try) when it is
 * not JSON.
 */
export function parseBody(request: HttpRequest, body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    const message = `${request.method} ${request.path} answered something that is not JSON: ${body.slice(0, 100)}`
    throw new KubeError({ reason: 'Unknown', code: 0, message, cause })
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Milliseconds to wait by a Retry-After header: seconds, or a date. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

function retryAfterOf(status: KubeStatus | undefined): number | undefined {
  const details = status?.details
  if (!isRecord(details)) return undefined
  const seconds = details['retryAfterSeconds']
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined
}

function reasonOf(reason: string | undefined, code: number): KubeReason {
  if (reason !== undefined && known.has(reason)) return reason as KubeReason
  return byStatus[code] ?? (code >= 500 ? 'InternalError' : 'Unknown')
}

function statusOf(body: string): KubeStatus | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    return isRecord(parsed) && parsed['kind'] === 'Status' ? (parsed as KubeStatus) : undefined
  } catch {
    return undefined
  }
}

function tooLarge(maxBytes: number): KubeError {
  const message = `the answer is larger than ${maxBytes} bytes, which is as much as is read of it`
  return new KubeError({ reason: 'RequestEntityTooLarge', code: 413, message })
}
