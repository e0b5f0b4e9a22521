/** Signed tokens: made, taken apart and checked; and the documents by which others can check them. ES256 alone. */
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { isObject, type Obj } from '#core/schema/json.ts'

/** Who has signed; every server has a key of its own, which is never written down. */
export type Signer = {
  /** A token with these claims. */
  readonly sign: (claims: Obj) => string
  readonly check: (token: string) => Checked
  /** The public key as a JSON Web Key Set. */
  readonly keySet: () => Obj
}

type Checked =
  | { readonly kind: 'good'; readonly claims: Obj }
  /** Not one of ours: nothing is said about it. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'refused'; readonly why: string }

type Key = { readonly privateKey: KeyObject; readonly publicKey: KeyObject; readonly id: string }

/** The name under which this cluster's tokens are issued, and the audience of its API server. */
export const issuer = 'https://kubernetes.default.svc.cluster.local'

export const signingAlgorithm = 'ES256'

const maxChecked = 1000

/** The key is made when it is first needed: most servers never sign anything. */
export function createSigner(): Signer {
  let made: Key | undefined
  const key = (): Key => {
    made ??= newKey()
    return made
  }
  // A signature stays good; time and the objects a token is bound to are looked at anew each time.
  const good = new Map<string, Obj>()
  return {
    sign: (claims) => {
      const { id, privateKey } = key()
      const text = `${encoded({ alg: signingAlgorithm, kid: id })}.${encoded(claims)}`
      const options = { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
      return `${text}.${sign('sha256', Buffer.from(text), options).toString('base64url')}`
    },
    check: (token) => {
      const known = good.get(token)
      if (known !== undefined) return { kind: 'good', claims: known }
      const checked = check(key(), token)
      if (checked.kind === 'good') {
        if (good.size >= maxChecked) good.clear()
        good.set(token, checked.claims)
      }
      return checked
    },
    keySet: () => keySet(key()),
  }
}

function newKey(): Key {
  // A secret must not come from a seed, so the key is the system's affair and not that of the ports.
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return { privateKey, publicKey, id: createHash('sha256').update(der).digest('base64url') }
}

function encoded(value: Obj): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decoded(part: string): Obj | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function check({ id, publicKey }: Key, token: string): Checked {
  const [head = '', body = '', signature = '', ...rest] = token.split('.')
  const header = decoded(head)
  const claims = decoded(body)
  if (rest.length > 0 || header === undefined || claims?.iss !== issuer) return { kind: 'foreign' }
  // Whatever algorithm a token names, only the one we sign with is ever tried.
  if ((header.kid ?? id) !== id) {
    return { kind: 'refused', why: 'invalid signature, no keys found' }
  }
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' as const }
  const bytes = Buffer.from(signature, 'base64url')
  const good =
    header.alg === signingAlgorithm &&
    bytes.toString('base64url') === signature &&
    verify('sha256', Buffer.from(`${head}.${body}`), key, bytes)
  if (good) return { kind: 'good', claims }
  return { kind: 'refused', why: 'go-jose/go-jose: error in cryptographic primitive' }
}

function keySet({ id, publicKey }: Key): Obj {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const key = { use: 'sig', kty: 'EC', kid: id, crv: 'P-256', alg: signingAlgorithm, x, y }
  return { keys: [key] }
}
