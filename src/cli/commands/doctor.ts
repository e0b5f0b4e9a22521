/** `headgate doctor`: looks at everything a release needs, and says what to do where something is missing. */
import { isKube, KubeError } from '#kube/errors.ts'
import type { Entry } from '#releases/entry.ts'
import { UsageError } from '#releases/errors.ts'
import { listEntries } from '#releases/find.ts'
import { checks } from '../doctor/checks.ts'
import { type Examined, type Finding, type State, unknown } from '../doctor/finding.ts'
import { doorsAsked, findInstalled } from '../doctor/installed.ts'
import { doorsOf } from '../doors.ts'
import { exitCodes } from '../exit-codes.ts'
import { type ClusterOptions, type Connected, withCluster } from '../releases/connect.ts'
import { printed } from '../show/output.ts'
import { type Colour, harmless, terminalOf } from '../show/terminal.ts'

export type DoctorCommand = ClusterOptions & { readonly doors?: string; readonly output?: string }

/** Exit code 4 where something is wrong. */
export async function doctor(options: DoctorCommand): Promise<void> {
  const { output } = options
  if (output !== undefined && output !== 'json' && output !== 'yaml')
    throw new UsageError(`--output ${output} is unknown; write json or yaml`)
  const results = await withCluster(options, (connected) => examineAll(connected, options))
  if (output === undefined)
    process.stdout.write(
      linesOf(results)
        .map((line) => `${line}\n`)
        .join(''),
    )
  else process.stdout.write(await printed({ kind: output }, { checks: results }))
  const isWrong = results.some(({ findings }) => findings.some(({ state }) => state === 'wrong'))
  if (isWrong) process.exitCode = exitCodes.degraded
}

type Result = { readonly name: string; readonly findings: readonly Finding[] }

async function examineAll(
  { cluster }: Connected,
  options: DoctorCommand,
): Promise<readonly Result[]> {
  const installed = await findInstalled(cluster)
  const asked = options.doors ?? (installed === undefined ? undefined : doorsAsked(installed))
  const entries = await entriesOf({ cluster })
  const now = cluster.ports.clock.now()
  const examined: Examined = { cluster, now, doors: doorsOf(asked), installed, entries }
  return await Promise.all(
    checks.map(async ({ name, examine }) => ({
      name,
      findings: await examine(examined).catch(troubleOf(name)),
    })),
  )
}

/** A cluster that serves no door has no releases, which its definitions tell. */
async function entriesOf(place: Pick<Connected, 'cluster'>): Promise<readonly Entry[]> {
  return await listEntries(place, { namespace: undefined }).catch((error: unknown) => {
    if (error instanceof KubeError && error.reason !== 'Forbidden') throw error
    return []
  })
}

/** What may not be looked at is told, and holds the other checks back in nothing. */
function troubleOf(name: string) {
  return (error: unknown): readonly Finding[] => {
    if (!isKube(error, 'Forbidden', 'NotFound')) throw error
    return [unknown(name, (error as Error).message, 'ask with more rights')]
  }
}

const marks: Readonly<Record<State, readonly [mark: string, colour: Colour]>> = {
  ok: ['ok', 'green'],
  warning: ['warning', 'yellow'],
  wrong: ['WRONG', 'red'],
  unknown: ['?', 'dim'],
}

function linesOf(results: readonly Result[]): readonly string[] {
  const { paint } = terminalOf(process.stdout)
  return results.flatMap(({ name, findings }) => [
    `${name}:`,
    ...(findings.length === 0 ? ['  nothing to look at'] : []),
    ...findings.flatMap(({ about, state, says, todo }) => {
      const [mark, colour] = marks[state]
      const line = `  ${paint(colour, mark.padEnd(7))}  ${harmless(about)}: ${harmless(says)}`
      return todo === undefined ? [line] : [line, `           -> ${harmless(todo)}`]
    }),
  ])
}
