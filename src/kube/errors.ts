/** What an API server, or the way to it, answered instead of what was asked. */

/** Kubernetes' own Status reasons, plus those for an answer that never came or made no sense. */
export type KubeReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Expired'
  | 'Invalid'
  | 'TooManyRequests'
  | 'Timeout'
  | 'ServerTimeout'
  | 'InternalError'
  | 'ServiceUnavailable'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'UnsupportedMediaType'
  | 'RequestEntityTooLarge'
  | 'Unreachable'
  | 'Unknown'

export type KubeStatus = {
  readonly kind: 'Status'
  readonly status?: string
  readonly reason?: string
  readonly message?: string
  readonly code?: number
  readonly details?: unknown
}

export class KubeError extends Error {
  override readonly name = 'KubeError'
  readonly reason: KubeReason
  /** HTTP status; 0 when there was no answer. */
  readonly code: number
  /** From Retry-After. */
  readonly retryAfterMs: number | undefined
  readonly status: KubeStatus | undefined

  constructor(facts: {
    reason: KubeReason
    code: number
    message: string
    retryAfterMs?: number | undefined
    status?: KubeStatus | undefined
    cause?: unknown
  }) {
    super(facts.message, { cause: facts.cause })
    this.reason = facts.reason
    this.code = facts.code
    this.retryAfterMs = facts.retryAfterMs
    this.status = facts.status
  }

  /** Whether the same request may succeed later without anyone changing it. */
  get retryable(): boolean {
    return this.code === 0 || this.code === 408 || this.code === 429 || this.code >= 500
  }
}

/** True for a KubeError with one of these reasons. */
export function isKube(error: unknown, ...reasons: readonly KubeReason[]): error is KubeError {
  return error instanceof KubeError && reasons.includes(error.reason)
}
