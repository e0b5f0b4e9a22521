/** The level of a running controller's log, changed by a signal: nobody wants to restart what he is looking into. */
import type { LeveledLog } from '#controller/log.ts'

/** SIGUSR2 turns debug on, and once more back to the level that was asked for. Returns what ends it. */
export function debugOnSignal(log: LeveledLog, signal: NodeJS.Signals = 'SIGUSR2'): () => void {
  const usual = log.level
  const turn = (): void => {
    log.level = log.level === 'debug' ? usual : 'debug'
    // Said on both ways, whatever the level is.
    log.error({ level: log.level }, `the log's level is ${log.level} now`)
  }
  process.on(signal, turn)
  return () => void process.off(signal, turn)
}
