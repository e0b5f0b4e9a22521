/** Structured logs behind five methods, so that nobody depends on who writes them. */
import { pino } from 'pino'

export type LogFacts = Readonly<Record<string, unknown>>

export type Log = {
  readonly debug: (facts: LogFacts, message: string) => void
  readonly info: (facts: LogFacts, message: string) => void
  readonly warn: (facts: LogFacts, message: string) => void
  readonly error: (facts: LogFacts, message: string) => void
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** JSON lines to standard error: standard output belongs to what a command was asked for. */
export function createLog(level: LogLevel): Log {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2))
}

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
