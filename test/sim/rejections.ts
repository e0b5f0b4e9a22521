/** Promises that fail and nobody hears of it: a real process would die of them. */
let listener: ((error: string) => void) | undefined

process.on('unhandledRejection', (error) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (listener === undefined) throw error
  listener(text)
})

/** Tells of them from now on, until it is stopped; for one run at a time. */
export function missingRejections(tell: (error: string) => void): { readonly stop: () => void } {
  listener = tell
  return {
    stop: () => {
      listener = () => undefined
    },
  }
}
