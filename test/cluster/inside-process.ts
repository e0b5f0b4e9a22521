/** Programs in the network namespace of a real cluster, each ended with whoever started it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

export type Inside = {
  readonly child: ChildProcess
  readonly ended: Promise<void>
  /** Kills it and waits until it is gone. */
  readonly end: () => Promise<void>
}

/** Starts a program in the namespace of a process; what it says goes to a file, or comes through its pipes. */
export function startInside(
  pid: number,
  command: readonly string[],
  { log }: { readonly log?: string } = {},
): Inside {
  // Also when we are killed ourselves, it goes: nothing else would end it.
  const args = ['-n', '-t', String(pid), 'setpriv', '--pdeathsig', 'KILL', ...command]
  const file = log === undefined ? undefined : openSync(log, 'a')
  const child = spawn('nsenter', args, { stdio: ['pipe', file ?? 'pipe', file ?? 'inherit'] })
  if (file !== undefined) closeSync(file)
  child.stdin?.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  return {
    child,
    ended,
    end: () => {
      child.kill('SIGKILL')
      return ended
    },
  }
}
