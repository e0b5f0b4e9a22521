/** A JWKS address: over verified TLS, bounded in size and time, asked again only now and then. */
import { readFile } from 'node:fs/promises'
import { Agent, type Dispatcher, request } from 'undici'
import { CannotTell } from '#http/sign-in.ts'
import type { Clock } from '#kube/ports.ts'
import type { KeySource } from './access.ts'
import { keysIn } from './keys.ts'
import type { Key } from './token.ts'

const mostBytes = 256 * 1024
const timeoutMs = 5000
/** A key that was withdrawn counts for no longer. */
const holdsMs = 5 * 60_000
/** Whoever makes up key ids makes us ask no more often. */
const pauseMs = 10_000

/** @throws Error when the address is none that may be asked. */
export async function remoteKeys(
  url: string,
  caFile: string | undefined,
  clock: Clock,
): Promise<KeySource> {
  const { protocol, hostname } = new URL(url)
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
  if (protocol !== 'https:' && !(protocol === 'http:' && isHere))
    throw new Error(`--deployer-jwt-jwks ${url} must be an https address`)
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8')
  const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca } })
  let held: { readonly at: number; readonly keys: readonly Key[] } | undefined
  let asking: Promise<readonly Key[]> | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  const ask = (): Promise<readonly Key[]> => {
    askedAt = clock.monotonic()
    asking ??= fetchKeys(url, dispatcher)
      .then((keys) => {
        held = { at: clock.monotonic(), keys }
        return keys
      })
      .finally(() => {
        asking = undefined
      })
    return asking
  }
  return {
    now: async () => {
      if (held !== undefined && clock.monotonic() < held.at + holdsMs) return held.keys
      return ask()
    },
    again: async () => {
      if (asking === undefined && clock.monotonic() < askedAt + pauseMs) return held?.keys ?? []
      return ask()
    },
  }
}

async function fetchKeys(url: string, dispatcher: Dispatcher): Promise<readonly Key[]> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const { statusCode, body } = await request(url, { dispatcher, signal })
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of body) {
      bytes += (chunk as Buffer).length
      if (bytes > mostBytes) throw new Error('the answer is too long')
      chunks.push(chunk as Buffer)
    }
    if (statusCode !== 200) throw new Error(`it answered ${statusCode}`)
    return keysIn(Buffer.concat(chunks).toString('utf8'), url)
  } catch (cause) {
    throw new CannotTell(`the keys at ${url} cannot be had now; try again`, { cause })
  }
}
