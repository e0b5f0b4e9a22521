/** What is answered instead of what was asked: a code and a sentence. */
import { CannotTell } from '#http/sign-in.ts'
import { KubeError } from '#kube/errors.ts'
import { RefusedError, TimeoutError, UsageError } from '#releases/errors.ts'

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export const notFound = (what: string): Refusal => new Refusal(404, what)

/** What went wrong inside is told to the log, not to the caller. */
export function refusalOf(error: unknown): { readonly code: number; readonly message: string } {
  if (error instanceof Refusal) return error
  if (error instanceof CannotTell) return { code: 503, message: error.message }
  if (error instanceof RefusedError || error instanceof TimeoutError)
    return { code: 409, message: error.message }
  if (error instanceof UsageError) return { code: 400, message: error.message }
  if (error instanceof KubeError) return ofKube(error)
  const { statusCode, message } = error as {
    readonly statusCode?: number
    readonly message?: string
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return { code: statusCode, message: message ?? 'the request makes no sense' }
  return { code: 500, message: 'something went wrong here; the log of the dashboard says what' }
}

function ofKube({ reason, message }: KubeError): {
  readonly code: number
  readonly message: string
} {
  switch (reason) {
    case 'NotFound':
      return { code: 404, message: 'it is not there any more' }
    case 'Forbidden':
      return { code: 503, message: `the dashboard itself lacks a right: ${message}` }
    case 'Conflict':
    case 'AlreadyExists':
      return { code: 409, message: 'somebody changed it meanwhile; look at it again' }
    default:
      return { code: 503, message: 'the cluster cannot be asked now; try again' }
  }
}
