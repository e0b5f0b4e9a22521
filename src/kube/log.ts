/** What parts say about themselves: five words less than a logging library, so that nobody depends on one. */

export type LogFacts = Readonly<Record<string, unknown>>

export type Log = {
  readonly debug: (facts: LogFacts, message: string) => void
  readonly info: (facts: LogFacts, message: string) => void
  readonly warn: (facts: LogFacts, message: string) => void
  readonly error: (facts: LogFacts, message: string) => void
}

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
