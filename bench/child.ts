/** A child of the benchmark: started, listened to, looked at and always ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { within } from './bounded.ts'

export type Child = {
  /** From the start to the line that says it is ready. */
  readonly readyMs: number
  /** Resident bytes now and at most so far. */
  readonly resident: () => Promise<{ readonly now: number; readonly peak: number }>
  /** Bytes of the heap after garbage collection; only where it is probed. */
  readonly liveHeap: () => Promise<number>
  /** Time of all its threads so far. */
  readonly cpuMs: () => Promise<number>
  readonly stop: () => Promise<void>
}

const readyWithinMs = 30_000
const endWithinMs = 5000

export type Program = {
  /** `headgate.js` of a bundle, or `main.ts` of the sources. */
  readonly path: string
  /** Loads a probe that can tell the heap; it weighs something itself. */
  readonly probed?: boolean
}

/** The same, run by a command of its own instead of this Node. */
export type Command = { readonly command: (args: readonly string[]) => readonly string[] }

export const fromSource: Program = { path: pathOf('../src/cli/main.ts') }

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}

/** Runs the command line with these arguments. @throws Error when no line with `readyWord` comes in time. */
export async function startChild(
  program: Program | Command,
  args: readonly string[],
  readyWord: string,
): Promise<Child> {
  const probed = 'path' in program && program.probed === true
  const [first = '', ...words] = commandOf(program, args)
  const startedAt = performance.now()
  const process_ = spawn(first, words, {
    stdio: probed ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(process_, 'exit')
  const stop = async (): Promise<void> => {
    process_.kill('SIGTERM')
    await within('the child ends', exited, endWithinMs).catch(() => process_.kill('SIGKILL'))
  }
  try {
    await within(`the child says ${readyWord}`, lineWith(process_, readyWord), readyWithinMs)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    readyMs: performance.now() - startedAt,
    resident: () => residentOf(process_),
    cpuMs: () => cpuOf(process_),
    liveHeap: async () => {
      const answer = heapTold(process_)
      process_.send('measure')
      return await within('the child tells its heap', answer, endWithinMs)
    },
    stop,
  }
}

function commandOf(program: Program | Command, args: readonly string[]): readonly string[] {
  if ('command' in program) return program.command(args)
  const probe = program.probed === true ? ['--import', pathOf('./heap-probe.ts')] : []
  return [process.execPath, ...probe, program.path, ...args]
}

// The program itself may have something to say on the same channel.
function heapTold(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    const hear = (message: unknown): void => {
      const { heapUsed } = (message ?? {}) as Partial<NodeJS.MemoryUsage>
      if (heapUsed === undefined) return
      child.off('message', hear)
      resolve(heapUsed)
    }
    child.on('message', hear)
  })
}

// Both streams are read to the end, or a talkative child would stop at a full pipe.
function lineWith({ stdout, stderr }: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve) => {
    for (const input of [stdout, stderr]) {
      if (input === null) continue
      createInterface({ input }).on('line', (line) => {
        if (line.includes(word)) resolve()
      })
    }
  })
}

/** The kernel counts in hundredths of a second. */
const tickMs = 10

async function cpuOf({ pid }: ChildProcess): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  // After the name, which may hold anything: state, then fields 4 and on.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickMs
}

async function residentOf({ pid }: ChildProcess): Promise<{ now: number; peak: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  const bytes = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1] ?? Number.NaN) * 1024
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') }
}
