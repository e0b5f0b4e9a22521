/** Structured logs of a process that runs for months. */
import { pino } from 'pino'
import type { Log } from '#kube/log.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** Whose level may be changed as it runs. */
export type LeveledLog = Log & { level: string }

/** JSON lines to standard error: standard output belongs to what a command was asked for. */
export function createLog(level: LogLevel): LeveledLog {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2))
}
