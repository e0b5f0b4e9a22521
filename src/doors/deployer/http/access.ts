/** Who may do what at this door: nobody asked yet, everybody, bearers of a JWT, or users of the cluster. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { hostileBecause, isLoopback } from '#http/loopback.ts'
import { accessReviews } from '#http/may.ts'
import { tokenReviewSignIn } from '#http/sign-in.ts'
import type { Ground } from '../../face.ts'
import { group } from '../kinds.ts'
import { jwtAccess } from './jwt-access.ts'

export type Deed = {
  readonly verb: 'get' | 'list' | 'create' | 'update' | 'delete'
  readonly resource: 'descriptors' | 'appdeployments'
  readonly namespace: string
}

/** Whether somebody who showed who they are may do it. */
export type Caller = (deed: Deed) => Promise<boolean>

export type Access = {
  /** For the log. */
  readonly kind: string
  /** Undefined where the headers say nobody who is known. @throws CannotTell */
  readonly caller: (headers: IncomingHttpHeaders) => Promise<Caller | undefined>
  /** Why a request is not even looked at, if so. */
  readonly hostile: (request: Pick<IncomingMessage, 'headers'>) => string | undefined
}

const anybody: Caller = () => Promise.resolve(true)
const nothing = (): undefined => undefined

/** Without any word on it the door is open, and therefore on loopback only (decision 21). @throws Error with a sentence. */
export async function accessOf(ground: Ground): Promise<Access> {
  const { options, address, cluster } = ground
  const auth = options['deployerAuth']
  switch (auth) {
    case undefined:
      if (!isLoopback(address.host)) throw new Error(openElsewhere(address.host))
      return { kind: 'loopback', caller: () => Promise.resolve(anybody), hostile: hostileBecause }
    case 'none':
      return { kind: 'none', caller: () => Promise.resolve(anybody), hostile: fromPages }
    case 'jwt': {
      const known = await jwtAccess(ground)
      return { kind: 'jwt', caller: known, hostile: nothing }
    }
    case 'kubernetes': {
      const audience = options['deployerJwtAudience']
      const audiences = typeof audience === 'string' && audience !== '' ? [audience] : []
      const signIn = tokenReviewSignIn(cluster, { audiences })
      const may = accessReviews(cluster)
      return {
        kind: 'kubernetes',
        hostile: nothing,
        caller: async (headers) => {
          const user = await signIn(headers)
          return user === undefined ? undefined : (deed) => may(user, { ...deed, group })
        },
      }
    }
    default:
      throw new Error(`--deployer-auth ${String(auth)} is unknown; write jwt, kubernetes or none`)
  }
}

function openElsewhere(host: string): string {
  return `--deployer-address ${host} is open to others; name --deployer-auth jwt or kubernetes, or none to let everybody in`
}

/** Scripts say no Origin; a browser that was led here by another page does. */
function fromPages({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const { origin, host } = headers
  const strange = origin !== undefined && !origin.toLowerCase().endsWith(`//${host?.toLowerCase()}`)
  return strange || headers['sec-fetch-site'] === 'cross-site'
    ? 'web pages of other places have no business here'
    : undefined
}

const protocol = 'bearer'

/**
 * The headers of an upgrade with its token where a browser can put it: `Sec-WebSocket-Protocol: bearer, TOKEN`. Never in
 * the address, which is written into logs.
 */
export function upgradeHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const [first, token] = (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((one) => one.trim())
  if (headers.authorization !== undefined || first !== protocol || token === undefined)
    return headers
  return { ...headers, authorization: `Bearer ${token}` }
}
