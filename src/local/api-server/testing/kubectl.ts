/** For tests: the real kubectl, in a folder of its own. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string }

export type RunOptions = {
  /** The kubeconfig's file in the folder. Default `config`. */
  readonly config?: string
  readonly namespace?: string
  readonly env?: Readonly<Record<string, string>>
}

export type KubectlFolder = {
  readonly file: (name: string) => string
  /**
   * What kubectl says, on both its outputs. In a command, `@` at the beginning of a word stands for the folder, `~` for
   * a blank. `config` is the kubeconfig's file in the folder.
   */
  readonly kubectl: (command: string, config?: string) => Promise<string>
  /** The same with the exit code, the outputs apart. */
  readonly run: (command: string, options?: RunOptions) => Promise<Ran>
  readonly remove: () => void
}

/** A command, its exit code, and what its outputs must say. */
export type Step = readonly [command: string, code: number, ...said: readonly (string | RegExp)[]]

const withinMs = 30_000
/** The one that the lane has built, or whichever the machine has. */
const program = process.env['HEADGATE_KUBECTL'] ?? 'kubectl'

export function kubectlFolder(): KubectlFolder {
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-test-'))
  const file = (name: string): string => join(folder, name)
  const run: KubectlFolder['run'] = (command, options = {}) => {
    const { config = 'config', namespace } = options
    const words = command
      .split(' ')
      .map((word) => word.replace(/(^|=)@/, `$1${folder}/`).replaceAll('~', ' '))
    const where = namespace === undefined ? [] : ['--namespace', namespace]
    const env = {
      ...process.env,
      KUBECONFIG: file(config),
      HOME: folder,
      TMPDIR: folder,
      ...options.env,
    }
    return new Promise((resolve) => {
      const limits = { env, timeout: withinMs, maxBuffer: 64 * 1024 * 1024 }
      const child = execFile(program, [...where, ...words], limits, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        resolve({ code, stdout, stderr })
      })
      child.stdin?.end()
    })
  }
  return {
    file,
    run,
    kubectl: async (command, config = 'config') => {
      const { stdout, stderr } = await run(command, { config })
      return `${stdout}${stderr}`
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** Steps one after another, those of an inner list at the same time. Fails with the command that did not do as told. */
export async function play(
  run: KubectlFolder['run'],
  namespace: string | undefined,
  steps: readonly (Step | readonly Step[])[],
): Promise<void> {
  for (const entry of steps) {
    const together = isStep(entry) ? [entry] : entry
    const checks = await Promise.allSettled(together.map((step) => check(run, namespace, step)))
    const failures = checks.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    if (failures.length > 0) throw failures[0]
  }
}

function isStep(entry: Step | readonly Step[]): entry is Step {
  return typeof entry[0] === 'string'
}

async function check(
  run: KubectlFolder['run'],
  namespace: string | undefined,
  [command, code, ...said]: Step,
): Promise<void> {
  const ran = await run(command, namespace === undefined ? {} : { namespace })
  const text = `${ran.stdout}${ran.stderr}`
  const at = `kubectl ${command}`
  expect({ at, code: ran.code, text }).toMatchObject({ at, code })
  for (const wanted of said) {
    if (typeof wanted === 'string') expect(text, at).toContain(wanted)
    else expect(text, at).toMatch(wanted)
  }
}
