/** Tokens and keys as an identity provider hands them out, and as attackers wish it would. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export type Signer = {
  readonly algorithm: string
  readonly publicKey: KeyObject
  readonly pem: string
  readonly sign: (data: Buffer) => Buffer
  readonly jwk: (kid: string) => object
}

export const signers = {
  RS256: (): Signer => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    return signer('RS256', publicKey, (data) => sign('sha256', data, privateKey))
  },
  ES256: (): Signer => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return signer('ES256', publicKey, (data) =>
      sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    )
  },
  EdDSA: (): Signer => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    return signer('EdDSA', publicKey, (data) => sign(null, data, privateKey))
  },
} as const

function signer(algorithm: string, publicKey: KeyObject, how: Signer['sign']): Signer {
  return {
    algorithm,
    publicKey,
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: how,
    jwk: (kid) => ({ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: algorithm }),
  }
}

export const secret = 'a-shared-secret-of-at-least-32-bytes'

export const shared: Pick<Signer, 'algorithm' | 'sign'> = {
  algorithm: 'HS256',
  sign: (data) => createHmac('sha256', secret).update(data).digest(),
}

const now = (): number => Math.floor(Date.now() / 1000)

export const goodClaims = (): Record<string, unknown> => ({
  sub: 'ci',
  iss: 'https://issuer',
  aud: 'deployer',
  exp: now() + 600,
  namespaces: ['default'],
})

export function token(
  by: Pick<Signer, 'algorithm' | 'sign'>,
  claims: Record<string, unknown> = goodClaims(),
  header: Record<string, unknown> = {},
): string {
  const head = encoded({ alg: by.algorithm, typ: 'JWT', ...header })
  const data = `${head}.${encoded(claims)}`
  return `${data}.${by.sign(Buffer.from(data)).toString('base64url')}`
}

export function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Signed with the bytes of a public key, as if that were a shared secret. */
export function confused(pem: string, claims = goodClaims()): string {
  return token(
    {
      algorithm: 'HS256',
      sign: (data) => createHmac('sha256', pem).update(data).digest(),
    },
    claims,
  )
}
