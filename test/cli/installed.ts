/** The program as it is installed: from the bundle, under its three names, also on a terminal of its own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { bundled } from '../../bench/bundled.ts'
import type { Ground, Run } from './ground.ts'

export type RunInstalled = {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  readonly onOut?: (out: string, type: (text: string) => void) => void
}

export type Installed = {
  /** Where its names are. */
  readonly folder: string
  readonly run: (program: string, words: readonly string[], options?: RunInstalled) => Promise<Run>
  /** A line of shell, 120 characters wide. */
  readonly onTerminal: (line: string, options?: RunInstalled) => Promise<Run>
}

const withinMs = 30_000

/** For all tests of a file; to be asked for at its top. */
export function installedProgram(ground: () => Ground): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-names-'))
  beforeAll(async () => {
    const path = await bundled()
    for (const name of ['headgate', 'kubectl-headgate', 'kubectl_complete-headgate'])
      symlinkSync(path, join(folder, name))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const run: Installed['run'] = (program, words, { input = '', env = {}, onOut } = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, words, {
        timeout: withinMs,
        env: {
          ...process.env,
          PATH: [folder, dirname(process.execPath), process.env['PATH']].join(delimiter),
          KUBECONFIG: ground().kubeconfig,
          HOME: folder,
          TERM: 'xterm-256color',
          ...env,
        },
      })
      let [out, err] = ['', '']
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text
        onOut?.(out, (typed) => child.stdin.write(typed))
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, out, err }))
      if (onOut === undefined) child.stdin.end(input)
    })
  return {
    folder,
    run,
    onTerminal: (line, options = {}) =>
      run('script', ['-qefc', `stty cols 120 rows 40; ${line}`, '/dev/null'], options),
  }
}
