/** Waiting that always ends: for a condition on a cache, or for a promise, within a time. */
import type { Cache } from '#kube/cluster.ts'

/** Resolves as soon as the condition holds. @throws Error when it does not within `withinMs`. */
export async function until<T>(
  what: string,
  cache: Cache<T>,
  holds: () => boolean,
  withinMs = 20_000,
): Promise<void> {
  let end = (): void => {}
  const held = new Promise<void>((resolve) => {
    if (holds()) return resolve()
    end = cache.subscribe(() => {
      if (holds()) resolve()
    })
  })
  await within(what, held, withinMs).finally(() => end())
}

/** @throws Error when the promise is not settled within `withinMs`. */
export async function within<T>(what: string, promise: Promise<T>, withinMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`in ${withinMs} ms it did not come true: ${what}`)),
      withinMs,
    )
  })
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
