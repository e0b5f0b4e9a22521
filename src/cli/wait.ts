/** Waiting for something to become true in a cache. */
import type { Cache } from '#kube/cluster.ts'

/** Resolves as soon as the condition holds; it is asked at once and at every change. */
export function watchUntil<T>(cache: Cache<T>, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (holds()) return resolve()
    const end = cache.subscribe(() => {
      if (!holds()) return
      end()
      resolve()
    })
  })
}
