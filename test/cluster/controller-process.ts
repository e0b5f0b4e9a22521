/** The controller as a process of its own, without the listeners of doors, for tests that kill or pause it. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export type ControllerProcess = {
  /** Resolves once it holds the lease. Rejects when it ends before. */
  readonly leads: Promise<void>
  /** Whether it has ever said so. */
  readonly hasLed: () => boolean
  readonly signal: (name: NodeJS.Signals) => void
  /** Its exit code or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** In order, with its lease given back. */
  readonly stop: () => Promise<void>
}

/** Starts it and resolves once it watches. @throws Error when it ends before. */
export async function startControllerProcess(
  kubeconfig: string,
  more: readonly string[] = [],
): Promise<ControllerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-process-'))
  const file = join(folder, 'kubeconfig')
  writeFileSync(file, kubeconfig, { mode: 0o600 })
  const args = ['controller', '--kubeconfig', file, '--health-address', '127.0.0.1:0']
  const child = spawn(
    process.execPath,
    [program, ...args, '--lease-namespace', 'default', ...more],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => {
      rmSync(folder, { recursive: true, force: true })
      resolve(code ?? signal ?? 'nothing')
    }),
  )
  const said = sentencesOf(child.stderr)
  const says = (sentence: string): Promise<void> =>
    Promise.race([
      said.until(sentence),
      ended.then((how) => {
        const last = said.last()
        throw new Error(`the controller ended with ${how} before it said: ${sentence}\n${last}`)
      }),
    ])
  const leads = says('this process leads')
  leads.catch(() => undefined)
  await says('the controller watches')
  return {
    leads,
    hasLed: () => said.heard('this process leads'),
    signal: (name) => child.kill(name),
    ended,
    stop: async () => {
      child.kill('SIGTERM')
      child.kill('SIGCONT')
      await ended
    },
  }
}

/** The `msg` of each line of a log. */
function sentencesOf(stream: NodeJS.ReadableStream) {
  const heard = new Set<string>()
  let last: readonly string[] = []
  const waiting = new Map<string, () => void>()
  let rest = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    last = [...last, ...lines].slice(-10)
    for (const line of lines) {
      // Words of Node itself are no part of the log.
      const { msg = '' } = line.startsWith('{') ? (JSON.parse(line) as { msg?: string }) : {}
      heard.add(msg)
      waiting.get(msg)?.()
    }
  })
  return {
    last: () => [...last, rest].join('\n'),
    heard: (sentence: string): boolean => heard.has(sentence),
    until: (sentence: string): Promise<void> =>
      new Promise((resolve) => {
        if (heard.has(sentence)) resolve()
        else waiting.set(sentence, resolve)
      }),
  }
}
