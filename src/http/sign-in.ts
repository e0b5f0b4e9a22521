/** Who asks: by a token that the API server vouches for, or by a shared secret. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Cluster } from '#kube/cluster.ts'
import { remembered } from './remembered.ts'

/** As Kubernetes names them. */
export type User = {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** Who sent these headers; undefined when they say nobody. Rejects when nobody can tell now. */
export type SignIn = (headers: IncomingHttpHeaders) => Promise<User | undefined>

/** The API server cannot be asked: the request may come again, and must not be let through. */
export class CannotTell extends Error {
  override readonly name = 'CannotTell'
}

const knownMs = 60_000
const unknownMs = 10_000

/** Bearer tokens, by TokenReview. Without audiences, those of the API server itself count. */
export function tokenReviewSignIn(
  cluster: Pick<Cluster, 'raw' | 'ports'>,
  { audiences = [] }: { readonly audiences?: readonly string[] } = {},
): SignIn {
  const review = remembered<User | undefined>(cluster.ports.clock, (user) =>
    user === undefined ? unknownMs : knownMs,
  )
  return async ({ authorization }) => {
    const token = bearer(authorization)
    if (token === undefined) return undefined
    return review(digest(token).toString('base64'), () => reviewed(cluster, token, audiences))
  }
}

/**
 * One of several shared secrets, in `Authorization: Bearer` or as the whole of another header. All of them are compared,
 * in a time that tells nothing; none at all lets nobody in.
 */
export function secretSignIn(
  secrets: () => readonly string[],
  header: string = 'authorization',
): SignIn {
  const name = header.toLowerCase()
  return async (headers) => {
    const value = headers[name]
    const given = name === 'authorization' ? bearer(headers.authorization) : value
    if (typeof given !== 'string' || given === '') return undefined
    const wanted = secrets().filter((secret) => secret !== '')
    const matches = wanted.filter((secret) => timingSafeEqual(digest(secret), digest(given)))
    return matches.length === 0 ? undefined : { name: 'shared-secret', groups: [] }
  }
}

/** The token of an Authorization header. */
export function bearer(authorization: string | undefined): string | undefined {
  return /^bearer +([^\s]+)\s*$/i.exec(authorization ?? '')?.[1]
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

type TokenReview = {
  readonly status?: {
    readonly authenticated?: boolean
    readonly audiences?: readonly string[]
    readonly user?: {
      readonly username?: string
      readonly uid?: string
      readonly groups?: readonly string[]
      readonly extra?: Readonly<Record<string, readonly string[]>>
    }
  }
}

async function reviewed(
  cluster: Pick<Cluster, 'raw'>,
  token: string,
  audiences: readonly string[],
): Promise<User | undefined> {
  const spec = { token, ...(audiences.length === 0 ? {} : { audiences }) }
  const review = await postReview<TokenReview>(cluster, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    plural: 'tokenreviews',
    spec,
  })
  const { authenticated, user, audiences: valid = [] } = review.status ?? {}
  if (authenticated !== true || user === undefined) return undefined
  const { username = '', uid, groups = [], extra } = user
  // An identity without a name would be whoever we are.
  if (username === '' || username === 'system:anonymous') return undefined
  // A server that does not know of audiences says none, and its word is for another one.
  if (audiences.length > 0 && !valid.some((one) => audiences.includes(one))) return undefined
  return {
    name: username,
    groups,
    ...(uid === undefined || uid === '' ? {} : { uid }),
    ...(extra === undefined ? {} : { extra }),
  }
}

/** Asks the API server for a review. @throws CannotTell with a sentence. */
export async function postReview<T>(
  cluster: Pick<Cluster, 'raw'>,
  asked: {
    readonly apiVersion: string
    readonly kind: string
    readonly plural: string
    readonly spec: unknown
  },
): Promise<T> {
  const { apiVersion, kind, plural, spec } = asked
  const answer = await cluster
    .raw({
      method: 'POST',
      path: `/apis/${apiVersion}/${plural}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion, kind, spec }),
      timeoutMs: 5000,
    })
    .catch((cause: unknown) => {
      throw new CannotTell('the API server cannot be asked who this is; try again', { cause })
    })
  if (answer.status === 403)
    throw new CannotTell(
      `the controller may not create ${plural}; grant it ${apiVersion} ${plural}`,
    )
  if (answer.status >= 300)
    throw new CannotTell(`the API server answered ${answer.status} to a ${kind}; try again`)
  try {
    return JSON.parse(answer.body) as T
  } catch (cause) {
    throw new CannotTell(`the API server answered a ${kind} with something else`, { cause })
  }
}
