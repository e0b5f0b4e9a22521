/** Waiting for first lists, with an end: who may not list something is to see the rest without it. */
import { type Clock, sleep } from '#kube/ports.ts'

/** Resolves when it has come, or after so long. */
export async function patiently(
  clock: Clock,
  ms: number,
  awaited: Promise<unknown>,
): Promise<void> {
  const over = new AbortController()
  try {
    await Promise.race([awaited, sleep(clock, ms, over.signal)])
  } finally {
    over.abort()
  }
}
