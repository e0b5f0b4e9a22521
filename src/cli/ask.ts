/** Performs the questions of metric providers over a reach: what goes wrong becomes an answer, without any body. */
import type { Ask } from '#controller/measure.ts'
import type { Reach } from '#kube/reach.ts'

export function askThrough(reach: Reach): Ask {
  return async ({ method, url, headers, body, timeoutMs, maxBytes }) => {
    try {
      const answer = await reach.url(url, {
        method,
        headers,
        timeoutMs,
        maxBytes,
        ...(body === undefined ? {} : { body }),
      })
      return { kind: 'answer', status: answer.status, body: answer.body }
    } catch (error) {
      return {
        kind: 'failed',
        message: error instanceof Error ? error.message : 'the request failed',
      }
    }
  }
}
