/** `headgate lint`: what is wrong with manifests, without a cluster. */
import { systemPorts } from '#kube/system.ts'
import { UsageError } from '#releases/errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { type Finding, lint } from '../lint/lint.ts'
import { askedIn, othersIn } from '../plan/asked.ts'
import { readManifests } from '../plan/manifests.ts'
import { harmless, terminalOf } from '../show/terminal.ts'

export type LintCommand = {
  readonly filename?: readonly string[]
  readonly namespace?: string
  readonly strict?: boolean
  readonly output: string
}

/** The exit code is 3 where something is wrong; with `strict` also where something is doubtful. */
export async function lintCommand(paths: readonly string[], options: LintCommand): Promise<void> {
  const { filename = [], namespace = 'default', strict = false, output } = options
  if (output !== 'text' && output !== 'json')
    throw new UsageError(`--output ${output} is unknown; write text or json`)
  const files = [...paths, ...filename]
  if (files.length === 0)
    throw new UsageError('name the manifests to look at: files, folders, or - for standard input')
  const objects = await readManifests(files)
  const now = systemPorts().clock.now()
  const all = askedIn(objects, namespace).map((one) => ({
    name: `${one.door.name}/${one.object.metadata.name}`,
    findings: lint(one, othersIn(objects), now),
  }))
  process.stdout.write(
    output === 'json' ? `${JSON.stringify({ releases: all }, undefined, 2)}\n` : text(all),
  )
  const findings = all.flatMap((one) => one.findings)
  if (findings.some(({ level }) => strict || level === 'error'))
    process.exitCode = exitCodes.refused
}

type Linted = { readonly name: string; readonly findings: readonly Finding[] }

function text(all: readonly Linted[]): string {
  const { paint } = terminalOf(process.stdout)
  const lines = all.flatMap(({ name, findings }) =>
    findings.length === 0
      ? [`${name}: ${paint('green', 'nothing to complain about')}`]
      : findings.map(({ level, path, message }) =>
          [
            harmless(name),
            paint(level === 'error' ? 'red' : 'yellow', level),
            harmless(`${path === '' ? '' : `${path}: `}${message}`),
          ].join(': '),
        ),
  )
  return lines.map((line) => `${line}\n`).join('')
}
