/** `headgate explain`: why a release is where it is, since when, and what would move it. */
import { lookStatus } from '#core/api/status-experiment.ts'
import { formatDuration, formatInstant } from '#core/time.ts'
import { systemPorts } from '#kube/system.ts'
import { adviceFor } from '#releases/advice.ts'
import { type Entry, fullName } from '#releases/entry.ts'
import { UsageError } from '#releases/errors.ts'
import { isObserved, pauseEndOf, phaseOf, reasonOf, weightsText } from '#releases/facts.ts'
import { findEntry } from '#releases/find.ts'
import { versionsOf, withVersions } from '#releases/versions.ts'
import { lookDetail, looksOf, stepDetail, timing, verdictDetail } from '#releases/words.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'
import { paintedPhase } from '../releases/rows.ts'
import { printed } from '../show/output.ts'
import { harmless, type Paint, terminalOf } from '../show/terminal.ts'

export type ExplainCommand = ClusterOptions & { readonly output?: string }

export async function explain(name: string, options: ExplainCommand): Promise<void> {
  const { output } = options
  if (output !== undefined && output !== 'json')
    throw new UsageError(`--output ${output} is unknown; write json`)
  await withCluster(options, async (connected) => {
    const entry = await findEntry(connected, name)
    const now = systemPorts().clock.now()
    const text =
      output === 'json'
        ? await printed({ kind: 'json' }, explained(entry))
        : `${sentences(entry, now, terminalOf(process.stdout).paint).join('\n')}\n`
    process.stdout.write(text)
  })
}

/** The same as values. */
function explained(entry: Entry): object {
  const { namespace, book } = entry
  const { type, message } = reasonOf(entry)
  const end = pauseEndOf(entry)
  const looks = (book?.looks ?? []).map(lookStatus)
  return {
    name: fullName(entry),
    namespace,
    phase: phaseOf(entry),
    step: stepDetail(entry),
    weights: weightsText(entry),
    reason: {
      type,
      message,
      ...(book?.reason.object === undefined ? {} : { object: book.reason.object }),
      ...(book === undefined ? {} : { since: formatInstant(book.reason.since) }),
      ...(book?.reason.next === undefined ? {} : { next: formatInstant(book.reason.next) }),
      ...(end === undefined ? {} : { goesOn: formatInstant(end) }),
    },
    ...(looks.length === 0 ? {} : { looks }),
    next: adviceFor(entry),
    problems: entry.problems,
  }
}

function sentences(entry: Entry, now: number, paint: Paint): readonly string[] {
  const { book, app } = entry
  const { type, message } = reasonOf(entry)
  const step = stepDetail(entry)
  const measured = (book?.analyses ?? []).flatMap(({ role, metrics }) =>
    metrics.map((state) => {
      const metric = app?.analysis?.metrics.find((one) => one.name === state.name)
      return `  ${role} ${state.name}: ${state.verdict}, ${verdictDetail(state, metric)}`
    }),
  )
  const paused = book?.paused
  const where = harmless(`${fullName(entry)} in ${entry.namespace}`)
  const more = [
    `${type}: ${withVersions(message, versionsOf(entry))}`,
    ...timing(entry, now),
    ...(isObserved(entry) || book === undefined
      ? []
      : ['  the object has changed since the controller last looked at it']),
    ...(paused === undefined
      ? []
      : [
          `  paused by ${paused.by} for ${formatDuration(Math.round((now - paused.at) / 1000) * 1000)}`,
        ]),
    ...entry.problems.map(({ path, message: problem }) => `  ${path}: ${problem}`),
    ...(book === undefined ? [] : [`  weights ${weightsText(entry)}`]),
    ...measured,
    ...looksOf(entry).map(
      ({ look, judge, metric }) => `  ${look.role} ${metric}: ${lookDetail(look, judge)}`,
    ),
  ]
  return [
    `${where}: ${paintedPhase(entry, paint)}${harmless(step === '' ? '' : `, ${step}`)}`,
    ...more.map(harmless),
    `${paint('bold', 'next:')} ${harmless(adviceFor(entry))}`,
  ]
}
