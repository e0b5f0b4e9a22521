/** Keys as their owners hand them out: PEM files, JWK sets, or a shared secret. The kind of a key says its algorithm. */
import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { isObject, type Obj } from '#core/schema/json.ts'
import type { Algorithm, Key } from './token.ts'

/** @throws Error with a sentence when there is no key in it that could be used. */
export function keysIn(text: string, where: string): readonly Key[] {
  const trimmed = text.trim()
  const keys = trimmed.startsWith('{') ? fromSet(trimmed, where) : fromPem(trimmed, where)
  if (keys.length === 0)
    throw new Error(`${where} has no key for RS256, ES256, EdDSA or HS256; write PEM or a JWK set`)
  return keys
}

/** At least as long as its digest, else it can be guessed. @throws Error */
export function secretKey(secret: string, where: string): Key {
  const bytes = Buffer.from(secret.trim())
  if (bytes.length < 32) throw new Error(`${where} is too short for HS256; write at least 32 bytes`)
  return { kid: undefined, algorithm: 'HS256', key: createSecretKey(bytes) }
}

function fromPem(text: string, where: string): readonly Key[] {
  const blocks = text.match(/-----BEGIN [A-Z ]+-----[\s\S]+?-----END [A-Z ]+-----/g) ?? []
  return blocks.flatMap((block) => {
    if (block.includes('PRIVATE KEY'))
      throw new Error(`${where} holds a private key; put the public one there`)
    return asKey(createPublicKey(block), undefined)
  })
}

function fromSet(text: string, where: string): readonly Key[] {
  const value: unknown = JSON.parse(text)
  const { keys } = isObject(value) ? value : {}
  if (!Array.isArray(keys)) throw new Error(`${where} is no JWK set: it has no list of keys`)
  return keys.slice(0, 100).filter(isObject).flatMap(fromJwk)
}

// A key of a kind that we do not use is passed over: sets have many.
function fromJwk(jwk: Obj): readonly Key[] {
  const kid = typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return []
  try {
    if (jwk['kty'] === 'oct') return fromOct(jwk, kid)
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    return asKey(key, kid).filter(({ algorithm }) => says(jwk, algorithm))
  } catch {
    return []
  }
}

function fromOct(jwk: Obj, kid: string | undefined): readonly Key[] {
  const bytes = Buffer.from(String(jwk['k'] ?? ''), 'base64url')
  if (bytes.length < 32 || !says(jwk, 'HS256')) return []
  return [{ kid, algorithm: 'HS256', key: createSecretKey(bytes) }]
}

function says(jwk: Obj, algorithm: Algorithm): boolean {
  return jwk['alg'] === undefined || jwk['alg'] === algorithm
}

function asKey(key: KeyObject, kid: string | undefined): readonly Key[] {
  const algorithm = algorithmOf(key)
  return algorithm === undefined ? [] : [{ kid, algorithm, key }]
}

function algorithmOf(key: KeyObject): Algorithm | undefined {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= 2048 ? 'RS256' : undefined
    case 'ec':
      return namedCurve === 'prime256v1' ? 'ES256' : undefined
    case 'ed25519':
      return 'EdDSA'
    default:
      return undefined
  }
}
