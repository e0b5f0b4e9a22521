/** `headgate status`: waits until a release is where it should be, or cannot get there, and says so by its exit code. */
import { sleep } from '#kube/ports.ts'
import { type Entry, fullName } from '#releases/entry.ts'
import { UsageError } from '#releases/errors.ts'
import { reasonOf, weightsText } from '#releases/facts.ts'
import { findEntry } from '#releases/find.ts'
import { follow } from '#releases/follow.ts'
import { outcomeOf } from '#releases/outcome.ts'
import { stepDetail } from '#releases/words.ts'
import { exitCodes } from '../exit-codes.ts'
import { durationOf } from '../options.ts'
import { type ClusterOptions, type Connected, withCluster } from '../releases/connect.ts'
import { paintedPhase } from '../releases/rows.ts'
import { harmless, terminalOf } from '../show/terminal.ts'
import { stopSignal } from '../signals.ts'

export type StatusCommand = ClusterOptions & {
  readonly timeout?: string
  /** False for the state as it is now. */
  readonly watch: boolean
}

export async function status(name: string, options: StatusCommand): Promise<void> {
  const { timeout } = options
  const withinMs = timeout === undefined ? undefined : durationOf('--timeout', timeout)
  if (!options.watch && withinMs !== undefined)
    throw new UsageError('--timeout is for waiting; --watch=false does not wait')
  await withCluster(options, async (connected) => {
    const entry = await findEntry(connected, name)
    const last = options.watch ? await waited(connected, entry, withinMs) : entry
    if (!options.watch) process.stdout.write(`${sentence(last)}\n`)
    process.exitCode = codeOf(last)
  })
}

function codeOf(entry: Entry): number {
  const outcome = outcomeOf(entry)
  if (outcome === 'underWay') {
    process.stderr.write(
      `headgate: ${fullName(entry)} is not at its end yet; \`headgate explain ${fullName(entry)}\` says why\n`,
    )
    return exitCodes.timeout
  }
  return outcome === 'healthy' ? exitCodes.done : exitCodes[outcome]
}

/** One line for each thing that is news. */
async function waited(
  connected: Connected,
  entry: Entry,
  withinMs: number | undefined,
): Promise<Entry> {
  let last = entry
  let said = ''
  const tell = (entries: readonly Entry[]): 'end' | void => {
    const own = entries.find(({ object }) => object.metadata.uid === entry.object.metadata.uid)
    if (own === undefined) {
      gone = true
      return 'end'
    }
    last = own
    const text = sentence(own)
    if (text !== said) process.stdout.write(`${text}\n`)
    said = text
    return outcomeOf(own) === 'underWay' ? undefined : 'end'
  }
  let gone = false
  const stopped = stopSignal()
  const { clock } = connected.cluster.ports
  const over = new AbortController()
  const until =
    withinMs === undefined ? stopped : Promise.race([stopped, sleep(clock, withinMs, over.signal)])
  await follow(connected, { namespace: entry.namespace, only: entry }, tell, until)
  over.abort()
  if (gone) throw new Error(`${fullName(entry)} was deleted while it was waited for`)
  return last
}

function sentence(entry: Entry): string {
  const { paint } = terminalOf(process.stdout)
  const { type, message } = reasonOf(entry)
  const step = stepDetail(entry)
  const name = `${harmless(fullName(entry))}: ${paintedPhase(entry, paint)}`
  const parts = [
    ...(step === '' ? [] : [step]),
    ...(entry.book === undefined ? [] : [`weights ${weightsText(entry)}`]),
  ]
  const rest = parts.map((part) => `, ${part}`).join('')
  return `${name}${harmless(`${rest}: ${type}: ${message}`)}`
}
