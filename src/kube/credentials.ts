/**
 * Who we are to a cluster, as values; and turning them into headers and client certificates as they
 * rotate.
 */
import { readFile } from 'node:fs/promises'
import { KubeError } from './errors.ts'
import { type ExecPlugin, type ExecResult, runExecPlugin } from './exec-plugin.ts'
import type { Clock } from './ports.ts'

export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  /** Read again as it rotates; `token` stands in while the file cannot be read. */
  | { readonly kind: 'tokenFile'; readonly path: string; readonly token?: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'exec'; readonly plugin: ExecPlugin }

export type ClientCertificate = { readonly cert: string; readonly key: string }

export type Proof = {
  readonly authorization: string | undefined
  /** From an exec plugin; replaces the one in the configuration. */
  readonly certificate: ClientCertificate | undefined
}

export type CredentialSource = {
  /**
   * @throws KubeError (Unauthorized, code 0) with a sentence when a file or plugin yields nothing.
   */
  readonly current: () => Promise<Proof>
  /**
   * After a 401: what is remembered is forgotten. False when asking again cannot change anything.
   */
  readonly renew: () => boolean
}

/** Kubelets rotate tokens long before they expire, so a minute-old one is always good. */
const tokenFileEveryMs = 60_000
/** Plugins are asked again a little before what they gave expires. */
const expiryMarginMs = 30_000

export function credentialSource(credentials: Credentials, clock: Clock): CredentialSource {
  switch (credentials.kind) {
    case 'none':
      return fixed(undefined)
    case 'token':
      return fixed(`Bearer ${credentials.token}`)
    case 'basic': {
      const { username, password } = credentials
      return fixed(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`)
    }
    case 'tokenFile':
      return fromFile(credentials, clock)
    case 'exec':
      return fromPlugin(credentials.plugin, clock)
  }
}

function fixed(authorization: string | undefined): CredentialSource {
  const proof = Promise.resolve({ authorization, certificate: undefined })
  return { current: () => proof, renew: () => false }
}

function fromFile(
  file: { readonly path: string; readonly token?: string },
  clock: Clock,
): CredentialSource {
  return remembering(clock, async (last) => {
    const token = await readFile(file.path, 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    )
    const usable = token === undefined || token === '' ? undefined : `Bearer ${token}`
    const spare = file.token === undefined ? undefined : `Bearer ${file.token}`
    const authorization = usable ?? last?.authorization ?? spare
    if (authorization === undefined) {
      throw unproven(`the token file ${file.path} cannot be read or is empty`)
    }
    const proof = { authorization, certificate: undefined }
    return { proof, goodUntil: clock.now() + tokenFileEveryMs }
  })
}

function fromPlugin(plugin: ExecPlugin, clock: Clock): CredentialSource {
  return remembering(clock, async () => {
    const result: ExecResult = await runExecPlugin(plugin)
    const { token, certificate, expiresAt } = result
    const authorization = token === undefined ? undefined : `Bearer ${token}`
    const goodUntil = expiresAt === undefined ? undefined : expiresAt - expiryMarginMs
    return { proof: { authorization, certificate }, goodUntil }
  })
}

type Fresh = { readonly proof: Proof; readonly goodUntil: number | undefined }

/** Asks once for everyone who waits, and again when the answer is too old or was refused. */
function remembering(
  clock: Clock,
  ask: (last: Proof | undefined) => Promise<Fresh>,
): CredentialSource {
  let held: Fresh | undefined
  let last: Proof | undefined
  let asking: Promise<Proof> | undefined
  const begin = async (): Promise<Proof> => {
    try {
      held = await ask(last)
      last = held.proof
      return held.proof
    } finally {
      asking = undefined
    }
  }
  return {
    current: () => {
      const isGood = held !== undefined && (held.goodUntil ?? Infinity) > clock.now()
      if (held !== undefined && isGood) return Promise.resolve(held.proof)
      asking ??= begin()
      return asking
    },
    renew: () => {
      held = undefined
      return true
    },
  }
}

function unproven(message: string, cause?: unknown): KubeError {
  return new KubeError({ reason: 'Unauthorized', code: 0, message, cause })
}
