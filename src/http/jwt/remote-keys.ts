/** A JWKS address: over verified TLS, bounded in size and time, asked again only now and then. */
import type { Dispatcher } from 'undici'
import type { Clock } from '#kube/ports.ts'
import { CannotTell } from '../sign-in.ts'
import { keysIn } from './keys.ts'
import { ask, safely } from './provider.ts'
import type { Key } from './token.ts'

/** Keys as they are known now; `again` may look for newer ones. */
export type KeySource = {
  readonly now: () => Promise<readonly Key[]>
  readonly again: () => Promise<readonly Key[]>
}

/** A key that was withdrawn counts for no longer. */
const holdsMs = 5 * 60_000
/** Whoever makes up key ids makes us ask no more often. */
const pauseMs = 10_000

/** @throws Error when the address is none that may be asked. */
export async function remoteKeys(
  url: string,
  {
    option,
    ca,
    clock,
  }: {
    /** By which the address was given, for the error. */
    readonly option: string
    /** File of the certificates to trust. */
    readonly ca: string | undefined
    readonly clock: Clock
  },
): Promise<KeySource> {
  const dispatcher = await safely(url, option, ca)
  let held: { readonly at: number; readonly keys: readonly Key[] } | undefined
  let asking: Promise<readonly Key[]> | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  const look = (): Promise<readonly Key[]> => {
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
      return look()
    },
    again: async () => {
      if (asking === undefined && clock.monotonic() < askedAt + pauseMs) return held?.keys ?? []
      return look()
    },
  }
}

async function fetchKeys(url: string, dispatcher: Dispatcher): Promise<readonly Key[]> {
  try {
    const { status, text } = await ask(url, dispatcher)
    if (status !== 200) throw new Error(`it answered ${status}`)
    return keysIn(text, url)
  } catch (cause) {
    throw new CannotTell(`the keys at ${url} cannot be had now; try again`, { cause })
  }
}
