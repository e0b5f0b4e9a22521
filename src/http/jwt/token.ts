/**
 * Bearer tokens as signed by somebody we trust (AD11): HS256, RS256, ES256 and EdDSA, each only with a key of its own
 * kind, so that a public key is never a shared secret. Pure but for the keys; nothing of a token is looked up anywhere.
 */
import { createHmac, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import { isObject, type Obj } from '#core/schema/json.ts'

export const algorithms = ['HS256', 'RS256', 'ES256', 'EdDSA'] as const
export type Algorithm = (typeof algorithms)[number]

export type Key = {
  /** The id that its owner gave it, if any. */
  readonly kid: string | undefined
  readonly algorithm: Algorithm
  readonly key: KeyObject
}

export type Expected = {
  readonly issuer: string | undefined
  readonly audience: string | undefined
  /** Seconds since 1970. */
  readonly now: number
}

export type Verdict =
  | { readonly kind: 'claims'; readonly claims: Obj }
  /** The signature may be that of a key that is not known yet. */
  | { readonly kind: 'unknownKey' }
  | { readonly kind: 'refused'; readonly why: string }

const longestToken = 8 * 1024
/** Clocks differ. */
const leewaySeconds = 60

export function readToken(token: string, keys: readonly Key[], expected: Expected): Verdict {
  if (token.length > longestToken) return refused('is too long')
  const parts = token.split('.')
  const [head = '', body = '', signature = ''] = parts
  if (parts.length !== 3) return refused('has not three parts')
  const header = decoded(head)
  const algorithm = algorithms.find((one) => one === header?.['alg'])
  if (header === undefined || algorithm === undefined) return refused('has no algorithm of ours')
  // What must be understood to trust it, and is not.
  if (header['crit'] !== undefined) return refused('has critical headers')
  const { kid } = header
  if (kid !== undefined && typeof kid !== 'string') return refused('has a strange kid')
  const usable = keys.filter(
    (key) =>
      key.algorithm === algorithm &&
      (kid === undefined || key.kid === undefined || key.kid === kid),
  )
  if (usable.length === 0) return { kind: 'unknownKey' }
  const signed = Buffer.from(`${head}.${body}`)
  const given = fromBase64Url(signature)
  if (given === undefined || !usable.some((key) => isSignedBy(key, signed, given)))
    return refused('is not signed by us')
  const claims = decoded(body)
  if (claims === undefined) return refused('has no claims')
  const why = problemOf(claims, expected)
  return why === undefined ? { kind: 'claims', claims } : refused(why)
}

/** The claims of a token that is signed by a key of this source; a key that is not known yet is looked for once. */
export async function readClaims(
  token: string,
  source: {
    readonly now: () => Promise<readonly Key[]>
    readonly again: () => Promise<readonly Key[]>
  },
  expected: Expected,
): Promise<Obj | undefined> {
  const first = readToken(token, await source.now(), expected)
  const verdict =
    first.kind === 'unknownKey' ? readToken(token, await source.again(), expected) : first
  return verdict.kind === 'claims' ? verdict.claims : undefined
}

function refused(why: string): Verdict {
  return { kind: 'refused', why }
}

function isSignedBy({ algorithm, key }: Key, signed: Buffer, given: Buffer): boolean {
  switch (algorithm) {
    case 'HS256': {
      const wanted = createHmac('sha256', key).update(signed).digest()
      return wanted.length === given.length && timingSafeEqual(wanted, given)
    }
    case 'RS256':
      return verify('sha256', signed, key, given)
    case 'ES256':
      return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, given)
    case 'EdDSA':
      return verify(null, signed, key, given)
  }
}

function problemOf(claims: Obj, { issuer, audience, now }: Expected): string | undefined {
  const { exp, nbf, iss, aud, sub } = claims
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return 'never expires'
  if (now >= exp + leewaySeconds) return 'has expired'
  if (nbf !== undefined && (typeof nbf !== 'number' || now < nbf - leewaySeconds))
    return 'is not valid yet'
  if (issuer !== undefined && iss !== issuer) return 'is of another issuer'
  const audiences = Array.isArray(aud) ? aud : [aud]
  if (audience !== undefined && !audiences.includes(audience)) return 'is for another audience'
  if (sub !== undefined && (typeof sub !== 'string' || sub === '')) return 'has a strange subject'
  return undefined
}

function decoded(part: string): Obj | undefined {
  const bytes = fromBase64Url(part)
  if (bytes === undefined) return undefined
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function fromBase64Url(text: string): Buffer | undefined {
  return /^[A-Za-z0-9_-]*$/.test(text) ? Buffer.from(text, 'base64url') : undefined
}
