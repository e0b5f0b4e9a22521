/** An end to patience. */

import { sleep } from '#kube/ports.ts'
import { systemClock } from '#kube/system.ts'

/** What was asked, or an error after so long. */
export async function within<T>(ms: number, asked: Promise<T>): Promise<T> {
  const over = new AbortController()
  const late = sleep(systemClock(), ms, over.signal).then(() => {
    throw new Error(`no answer within ${ms} ms`)
  })
  try {
    return await Promise.race([asked, late])
  } finally {
    over.abort()
    late.catch(() => {})
  }
}
