/** Access by JWT: keys from a file, which is read again when it changes, or from a JWKS address, with rotation. */
import { readFile, stat } from 'node:fs/promises'
import { keysIn, secretKey } from '#http/jwt/keys.ts'
import { type KeySource, remoteKeys } from '#http/jwt/remote-keys.ts'
import type { Key } from '#http/jwt/token.ts'
import { readClaims } from '#http/jwt/token.ts'
import { bearer } from '#http/sign-in.ts'
import type { Clock } from '#kube/ports.ts'
import type { Ground } from '../../face.ts'
import type { Access, Caller } from './access.ts'

/** @throws Error with a sentence when the options do not make a whole. */
export async function jwtAccess({
  options,
  clock,
  cluster,
  log,
}: Ground): Promise<Access['caller']> {
  const text = (name: string): string | undefined => {
    const value = options[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const source = await sourceOf(text, cluster.ports.clock)
  const claims = {
    namespaces: text('deployerJwtNamespacesClaim') ?? 'namespaces',
    admin: text('deployerJwtAdminClaim') ?? 'admin',
  }
  const issuer = text('deployerJwtIssuer')
  const audience = text('deployerJwtAudience')
  if (audience === undefined)
    log.warn({}, 'tokens for any audience are let in; name ours with --deployer-jwt-audience')
  return async ({ authorization }) => {
    const token = bearer(authorization)
    if (token === undefined) return undefined
    const expected = { issuer, audience, now: clock.now() / 1000 }
    const given = await readClaims(token, source, expected)
    return given === undefined ? undefined : callerOf(given, claims)
  }
}

/** A claim of another shape than a list of names, or a plain true, gives nothing. */
function callerOf(
  given: Readonly<Record<string, unknown>>,
  claims: { readonly namespaces: string; readonly admin: string },
): Caller {
  const list = Object.hasOwn(given, claims.namespaces) ? given[claims.namespaces] : undefined
  const namespaces = Array.isArray(list) ? list.filter((one) => typeof one === 'string') : []
  const isAdmin = Object.hasOwn(given, claims.admin) && given[claims.admin] === true
  return ({ namespace }) => Promise.resolve(isAdmin || namespaces.includes(namespace))
}

type Text = (name: string) => string | undefined

async function sourceOf(text: Text, clock: Clock): Promise<KeySource> {
  const keys = text('deployerJwtKeys')
  const secret = text('deployerJwtSecretFile')
  const url = text('deployerJwtJwks')
  const given = [keys, secret, url].filter((one) => one !== undefined)
  if (given.length !== 1)
    throw new Error(
      '--deployer-auth jwt needs one of --deployer-jwt-keys, --deployer-jwt-secret-file and --deployer-jwt-jwks',
    )
  if (url !== undefined)
    return remoteKeys(url, {
      option: '--deployer-jwt-jwks',
      ca: text('deployerJwtJwksCa'),
      clock,
    })
  const source =
    keys !== undefined
      ? fileKeys(keys, (content) => keysIn(content, keys))
      : fileKeys(secret as string, (content) => [secretKey(content, secret as string)])
  // What is wrong with a file is told at start, not to the first caller.
  await source.now()
  return source
}

/** Read again when the file changed; what is wrong with the new one leaves the old keys in force. */
function fileKeys(path: string, read: (content: string) => readonly Key[]): KeySource {
  let held: { readonly at: number; readonly keys: readonly Key[] } | undefined
  const now = async (): Promise<readonly Key[]> => {
    try {
      const { mtimeMs } = await stat(path)
      if (held?.at !== mtimeMs) held = { at: mtimeMs, keys: read(await readFile(path, 'utf8')) }
    } catch (error) {
      if (held === undefined) throw error
    }
    return held?.keys ?? []
  }
  return { now, again: now }
}
