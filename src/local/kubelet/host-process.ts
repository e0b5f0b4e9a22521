/** One child process that hosts sample pods, spoken to over IPC. */
import { type ChildProcess, fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { AppFacts, FromHost, ToHost } from '../sample-app/protocol.ts'
import type { Exit } from './runtime.ts'

export type HostOptions = {
  readonly shared: boolean
  readonly speed: number
  /** Where the child finds its code already translated; a private folder. */
  readonly compileCache: string
}

export type HostedEvents = {
  readonly listening: (ports: readonly (readonly [number, number])[]) => void
  readonly ready: () => void
  readonly log: (line: string) => void
  readonly exited: (exit: Exit) => void
}

// Next to this file in the source tree and, with another ending, in the package.
const program = fileURLToPath(
  new URL(`../sample-app/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
)

export class HostProcess {
  readonly #child: ChildProcess
  readonly #hosted = new Map<string, HostedEvents>()
  readonly #shared: boolean
  readonly exited: Promise<void>

  constructor(options: HostOptions) {
    this.#shared = options.shared
    this.#child = fork(program, [], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [
        '--disable-warning=ExperimentalWarning',
        '--max-semi-space-size=1',
        memoryLimit(options.shared),
      ],
      env: {
        ...minimalEnvironment(),
        NODE_COMPILE_CACHE: options.compileCache,
        HEADGATE_SPEED: String(options.speed),
        ...(options.shared ? { HEADGATE_SHARED_HOST: '1' } : {}),
      },
    })
    this.#child.on('message', (message) => this.#hear(message as FromHost))
    this.exited = new Promise((resolve) => {
      const end = (exit: Exit): void => {
        for (const events of this.#hosted.values()) events.exited(exit)
        this.#hosted.clear()
        resolve()
      }
      this.#child.once('error', (error) => end({ exitCode: 128, message: error.message }))
      this.#child.once('exit', (code, signal) => end(exitOf(code, signal)))
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        for (const events of this.#hosted.values()) events.log(line)
      })
    }
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get size(): number {
    return this.#hosted.size
  }

  get usable(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.connected
  }

  start(id: string, facts: AppFacts, events: HostedEvents): void {
    this.#hosted.set(id, events)
    this.#say({ kind: 'start', id, facts })
  }

  /** A pod with a process of its own gets the real signal. */
  terminate(id: string): void {
    if (this.#shared) this.#say({ kind: 'terminate', id })
    else this.#child.kill('SIGTERM')
  }

  kill(id: string): void {
    if (this.#shared) this.#say({ kind: 'kill', id })
    else this.#child.kill('SIGKILL')
  }

  close(): void {
    this.#child.kill('SIGKILL')
  }

  #say(message: ToHost): void {
    if (!this.usable) return
    // A child that dies at this moment is reported by its exit.
    this.#child.send(message, () => undefined)
  }

  #hear(message: FromHost): void {
    const events = this.#hosted.get(message.id)
    if (events === undefined) return
    switch (message.kind) {
      case 'listening':
        return events.listening(message.ports)
      case 'ready':
        return events.ready()
      case 'log':
        return events.log(message.line)
      case 'exited':
        this.#hosted.delete(message.id)
        return events.exited({ exitCode: message.exitCode })
    }
  }
}

// A pod that leaks must end itself, not the machine.
function memoryLimit(shared: boolean): string {
  return `--max-old-space-size=${shared ? 512 : 96}`
}

const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
}

/** A program ended by signal n counts as exit code 128 + n, as with container runtimes. */
export function exitOf(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (signal === null) return { exitCode: code ?? 0 }
  const number = signalNumbers[signal] ?? 0
  return { exitCode: 128 + number, signal: number }
}

/** Pods see their own variables, not those of the person who started the cluster. */
export function minimalEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'TZ', 'SystemRoot', 'LD_LIBRARY_PATH']
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}
