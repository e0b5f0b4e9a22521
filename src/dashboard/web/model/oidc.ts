/**
 * Signing in by the organisation's issuer: the code flow with PKCE. The verifier has to outlive the way there and back,
 * so it waits in this tab's session storage, which no other origin reads, and is gone once it was used. The token itself
 * is never stored. The server exchanges the code: this page asks no other host.
 */
import type { Me, OidcExchange, OidcToken } from '../../wire.ts'
import { sentenceOf, signIn, signOut } from './session.ts'

type Left = { readonly state: string; readonly verifier: string; readonly hash: string }

const leftName = 'headgate.oidc'

/** Sends the browser to the issuer. */
export async function leaveFor({
  authorizationEndpoint,
  clientId,
  scope,
}: NonNullable<Me['oidc']>): Promise<void> {
  const left: Left = { state: chance(), verifier: chance(), hash: location.hash }
  sessionStorage.setItem(leftName, JSON.stringify(left))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(left.verifier))
  const to = new URL(authorizationEndpoint)
  const asked = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri(),
    scope,
    state: left.state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(asked)) to.searchParams.set(name, value)
  location.assign(to)
}

/** The first thing the page does: signed in where nothing is needed, or with what the issuer sent back. */
export async function arrive(): Promise<void> {
  const query = new URLSearchParams(location.search)
  const left = takeLeft()
  if (left === undefined || !query.has('state')) return signIn(undefined)
  // Neither the code nor the state stays in the address or the history.
  history.replaceState(null, '', `/${left.hash}`)
  dispatchEvent(new HashChangeEvent('hashchange'))
  const code = query.get('code')
  if (query.get('state') !== left.state || code === null)
    return signOut(query.get('error_description') ?? 'The issuer sent no code for this page.')
  const body: OidcExchange = { code, verifier: left.verifier, redirectUri: redirectUri() }
  try {
    const answer = await fetch('/api/v1/oidc/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) return await signOut(await sentenceOf(answer))
    const { token } = (await answer.json()) as OidcToken
    return await signIn(token)
  } catch {
    return signOut('The server cannot be reached; try again.')
  }
}

function takeLeft(): Left | undefined {
  try {
    const text = sessionStorage.getItem(leftName)
    sessionStorage.removeItem(leftName)
    return text === null ? undefined : (JSON.parse(text) as Left)
  } catch {
    return undefined
  }
}

function redirectUri(): string {
  return `${location.origin}/`
}

function chance(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)))
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}
