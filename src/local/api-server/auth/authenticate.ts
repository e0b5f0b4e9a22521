/** From credentials to a user: bearer tokens of a table, ServiceAccount tokens, client certificates, or nobody. */
import type { Machine, User } from '../machine.ts'
import { unauthorized } from '../status.ts'
import { audiencesOf, objectionTo, userOf } from './account-token.ts'
import { createSigner, issuer, type Signer } from './jwt.ts'
import { anonymous, credentialIdKey, withAuthenticated } from './users.ts'

export type Authentication = {
  /** Bearer tokens that were given out by hand, and whose they are. */
  readonly tokens: Map<string, User>
  /** Who signs ServiceAccount tokens. */
  readonly signer: Signer
}

export function createAuthentication(): Authentication {
  return { tokens: new Map(), signer: createSigner() }
}

/** What a certificate that came with a connection says, and whether our authority has signed it. */
export type Certificate = {
  readonly trusted: boolean
  readonly commonName: string
  readonly organizations: readonly string[]
  /** SHA-256 of the whole certificate, as lower-case hex digits. */
  readonly fingerprint: string
}

export type Credentials = {
  /** The header, if there is one. */
  readonly authorization: string | undefined
  readonly certificate: Certificate | undefined
}

/** Who has sent a request. @throws ApiError 401 for credentials that are not good. */
export function identify(machine: Machine, { authorization, certificate }: Credentials): User {
  if (certificate?.trusted === true && certificate.commonName !== '') return ownerOf(certificate)
  const token = bearerOf(authorization)
  if (token !== undefined) {
    const verdict = reviewToken(machine, token)
    if (verdict.kind === 'good') return verdict.user
    throw unauthorized()
  }
  if (certificate !== undefined && !certificate.trusted) throw unauthorized()
  return anonymous
}

function bearerOf(authorization = ''): string | undefined {
  const [scheme = '', token = ''] = authorization.trim().split(' ', 2)
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined
}

function ownerOf({ commonName, organizations, fingerprint }: Certificate): User {
  return withAuthenticated({
    name: commonName,
    groups: organizations,
    extra: { [credentialIdKey]: [`X509SHA256=${fingerprint}`] },
  })
}

export type TokenVerdict =
  | { readonly kind: 'good'; readonly user: User; readonly audiences: readonly string[] }
  /** `why` in the words of a TokenReview. */
  | { readonly kind: 'bad'; readonly why: string }

const invalidToken = 'invalid bearer token'
const apiAudiences = [issuer]

/** Whose a token is, for one of these audiences; by default for this server. */
export function reviewToken(
  machine: Machine,
  token: string,
  audiences: readonly string[] = apiAudiences,
): TokenVerdict {
  const { tokens, signer } = machine.auth
  const owner = tokens.get(token)
  if (owner !== undefined) {
    const shared = apiAudiences.filter((one) => audiences.includes(one))
    if (shared.length === 0) return { kind: 'bad', why: invalidToken }
    return { kind: 'good', user: owner, audiences: shared }
  }
  const checked = signer.check(token)
  if (checked.kind === 'foreign') return { kind: 'bad', why: invalidToken }
  if (checked.kind === 'refused') return refused(checked.why)
  const { claims } = checked
  const meant = audiencesOf(claims)
  const shared = meant.filter((one) => audiences.includes(one))
  if (shared.length === 0) {
    const [own, wanted] = [meant, audiences].map((list) => list.map((one) => JSON.stringify(one)))
    return refused(
      `token audiences [${own?.join(' ')}] is invalid for the target audiences [${wanted?.join(' ')}]`,
    )
  }
  const objection = objectionTo(machine, claims)
  return objection === undefined
    ? { kind: 'good', user: userOf(claims), audiences: shared }
    : refused(objection)
}

const refused = (why: string): TokenVerdict => ({
  kind: 'bad',
  why: `[${invalidToken}, ${why}]`,
})
