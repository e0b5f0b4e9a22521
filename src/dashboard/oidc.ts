/**
 * Sign-in by an issuer of OpenID Connect: its tokens are checked here against its keys, and its code is exchanged here
 * for one, so that the page needs to ask no other host. Names get a prefix, so that no token makes its bearer somebody
 * of the cluster's own.
 */
import type { Dispatcher } from 'undici'
import { isObject, type Obj } from '#core/schema/json.ts'
import { ask, safely } from '#http/jwt/provider.ts'
import { type KeySource, remoteKeys } from '#http/jwt/remote-keys.ts'
import { readClaims } from '#http/jwt/token.ts'
import { bearer, CannotTell, type SignIn, type User } from '#http/sign-in.ts'
import type { Clock } from '#kube/ports.ts'
import type { Me } from './wire.ts'

export type OidcOptions = {
  readonly issuer: string
  /** Also the audience that its tokens must have. */
  readonly clientId: string
  readonly ca?: string | undefined
  readonly userClaim: string
  readonly groupsClaim: string
  /** Before every user and group. */
  readonly prefix: string
  readonly scope: string
}

/** What a page hands over after its user came back from the issuer. */
export type Exchange = {
  readonly code: string
  readonly verifier: string
  readonly redirectUri: string
}

export type Oidc = {
  readonly signIn: SignIn
  /** What a page needs to send its user there; undefined while the issuer cannot be asked. */
  readonly invitation: () => Promise<Me['oidc']>
  /** A token for the code; undefined where the issuer refuses it. @throws CannotTell */
  readonly exchange: (asked: Exchange) => Promise<string | undefined>
}

/** @throws Error when the issuer's address is none that may be asked. */
export async function oidcOf(options: OidcOptions, clock: Clock): Promise<Oidc> {
  const { issuer, clientId, scope } = options
  const way = await safely(issuer, '--dashboard-oidc-issuer', options.ca)
  const found = discovery(issuer, way, clock)
  let keys: { readonly of: string; readonly source: KeySource } | undefined
  const keySource = async (): Promise<KeySource> => {
    const { jwksUri: of } = await found()
    if (keys?.of !== of) {
      const source = await remoteKeys(of, { option: 'jwks_uri', ca: options.ca, clock })
      keys = { of, source }
    }
    return keys.source
  }
  return {
    signIn: async ({ authorization }) => {
      const token = bearer(authorization)
      if (token === undefined) return undefined
      const expected = { issuer, audience: clientId, now: clock.now() / 1000 }
      const claims = await readClaims(token, publicOnly(await keySource()), expected)
      return claims === undefined ? undefined : userOf(claims, options)
    },
    invitation: async () => {
      try {
        const { authorizationEndpoint } = await found()
        return { authorizationEndpoint, clientId, scope }
      } catch {
        return undefined
      }
    },
    exchange: async ({ code, verifier, redirectUri }) => {
      const { tokenEndpoint } = await found()
      const form = new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: clientId,
        code,
        code_verifier: verifier,
        redirect_uri: redirectUri,
      })
      const answer = await ask(tokenEndpoint, way, form).catch((cause: unknown) => {
        throw new CannotTell('the issuer cannot be asked now; try again', { cause })
      })
      if (answer.status >= 500)
        throw new CannotTell(`the issuer answered ${answer.status}; try again`)
      const token = parsed(answer.text)?.['id_token']
      return answer.status === 200 && typeof token === 'string' ? token : undefined
    },
  }
}

/** A shared secret is none of an issuer's keys here: whoever has it could sign for everybody. */
function publicOnly({ now, again }: KeySource): KeySource {
  const without = async (keys: ReturnType<KeySource['now']>) =>
    (await keys).filter(({ algorithm }) => algorithm !== 'HS256')
  return { now: () => without(now()), again: () => without(again()) }
}

/** Undefined where a claim is missing, empty, or of another shape. */
function userOf(claims: Obj, { userClaim, groupsClaim, prefix }: OidcOptions): User | undefined {
  const name = Object.hasOwn(claims, userClaim) ? claims[userClaim] : undefined
  if (typeof name !== 'string' || name.trim() === '') return undefined
  // An address that nobody has shown to be theirs is anybody's.
  if (userClaim === 'email' && claims['email_verified'] === false) return undefined
  const given = Object.hasOwn(claims, groupsClaim) ? claims[groupsClaim] : []
  if (!Array.isArray(given) || !given.every((one) => typeof one === 'string' && one !== ''))
    return undefined
  const groups = given.map((group) => `${prefix}${String(group)}`)
  if ([`${prefix}${name}`, ...groups].some((one) => one.startsWith('system:'))) return undefined
  return { name: `${prefix}${name}`, groups: [...groups, 'system:authenticated'] }
}

type Discovered = {
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly jwksUri: string
}

/** So long what the issuer says of itself counts. */
const holdsMs = 10 * 60_000

function discovery(issuer: string, way: Dispatcher, clock: Clock): () => Promise<Discovered> {
  let held: { readonly at: number; readonly found: Discovered } | undefined
  return async () => {
    if (held !== undefined && clock.monotonic() < held.at + holdsMs) return held.found
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    try {
      const { status, text } = await ask(url, way)
      if (status !== 200) throw new Error(`it answered ${status}`)
      const found = await readDiscovery(text, issuer)
      held = { at: clock.monotonic(), found }
      return found
    } catch (cause) {
      throw new CannotTell(`the issuer ${issuer} cannot be asked now; try again`, { cause })
    }
  }
}

async function readDiscovery(text: string, issuer: string): Promise<Discovered> {
  const said = parsed(text)
  if (said?.['issuer'] !== issuer) throw new Error('it speaks for another issuer')
  const address = async (name: string): Promise<string> => {
    const value = said[name]
    if (typeof value !== 'string') throw new Error(`it names no ${name}`)
    await safely(value, name, undefined)
    return value
  }
  return {
    authorizationEndpoint: await address('authorization_endpoint'),
    tokenEndpoint: await address('token_endpoint'),
    jwksUri: await address('jwks_uri'),
  }
}

function parsed(text: string): Obj | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
