/** An issuer of OpenID Connect, as far as the dashboard asks one: its document, its keys, and codes for tokens. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { listen } from '#http/listen.ts'
import { systemPorts } from '#kube/system.ts'
import { type Signer, signers, token } from '../doors/deployer/tokens.ts'

export type Issuer = {
  readonly url: string
  readonly signer: Signer
  /** What the document says instead, by name. */
  readonly says: Map<string, unknown>
  /** Answers nothing but this code, while set. */
  readonly broken: { code: number | undefined }
  /** A code that it gives a token for, once, to whoever has the verifier. */
  readonly codeFor: (verifier: string, idToken: string) => string
  /** The same for who only saw the challenge, as its own page does. */
  readonly codeForChallenge: (challenge: string, idToken: string) => string
  readonly asked: string[]
  readonly stop: () => Promise<void>
}

export async function openIssuer(): Promise<Issuer> {
  const signer = signers.RS256()
  const says = new Map<string, unknown>()
  const broken: Issuer['broken'] = { code: undefined }
  const codes = new Map<string, { readonly challenge: string; readonly idToken: string }>()
  const asked: string[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname } = new URL(request.url ?? '/', 'http://here')
      asked.push(pathname)
      const answer = async (): Promise<readonly [number, unknown]> => {
        if (broken.code !== undefined) return [broken.code, {}]
        if (pathname === '/.well-known/openid-configuration')
          return [200, { ...documentOf(url), ...Object.fromEntries(says) }]
        if (pathname === '/keys') return [200, { keys: [signer.jwk('one')] }]
        if (pathname === '/token') return exchanged(await formOf(request))
        return [404, {}]
      }
      const [code, body] = await answer()
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })()
  })
  const exchanged = (form: URLSearchParams): readonly [number, unknown] => {
    const known = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const isProven = challengeOf(form.get('code_verifier') ?? '') === known?.challenge
    const isOurs = form.get('client_id') === 'headgate-page'
    return known !== undefined && isProven && isOurs
      ? [200, { id_token: known.idToken, access_token: 'of no use here' }]
      : [400, { error: 'invalid_grant' }]
  }
  const codeForChallenge = (challenge: string, idToken: string): string => {
    const code = `code-${codes.size}`
    codes.set(code, { challenge, idToken })
    return code
  }
  const listening = await listen(server, { host: '127.0.0.1', port: 0 }, systemPorts().clock)
  const url = `http://127.0.0.1:${listening.port}`
  return {
    ...{ url, signer, says, broken, asked },
    codeFor: (verifier, idToken) => codeForChallenge(challengeOf(verifier), idToken),
    codeForChallenge,
    stop: listening.stop,
  }
}

function documentOf(url: string): object {
  return {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/keys`,
  }
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return new URLSearchParams(text)
}

/** A token of this issuer; `changes` are claims beside or instead of the good ones. */
export function idToken(
  { url, signer }: Issuer,
  changes: Readonly<Record<string, unknown>> = {},
  header: Record<string, unknown> = { kid: 'one' },
): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    ...{ iss: url, aud: 'headgate-page', sub: 'ann', exp: now + 600, groups: ['ops'] },
    ...changes,
  }
  const kept = Object.entries(claims).filter(([, value]) => value !== undefined)
  return token(signer, Object.fromEntries(kept), header)
}
