/** `headgate simulate`: what a policy would have done on a metric history, or on a drawn one, in milliseconds. */
import { readFile } from 'node:fs/promises'
import { systemPorts } from '#kube/system.ts'
import { UsageError } from '#releases/errors.ts'
import { startOffline } from '#releases/plan/make.ts'
import { exitCodes } from '../exit-codes.ts'
import { countOf } from '../options.ts'
import { type Asked, askedIn, othersIn } from '../plan/asked.ts'
import { readManifests } from '../plan/manifests.ts'
import { terminalOf } from '../show/terminal.ts'
import { type Histories, type Simulated, simulate } from '../simulate/run.ts'
import { drawn, recorded, type Series } from '../simulate/series.ts'
import { outcomeText, simulatedLines, summaryLines } from '../simulate/show.ts'

export type SimulateCommand = {
  readonly namespace?: string
  readonly history?: readonly string[]
  readonly synthetic?: readonly string[]
  readonly seed: string
  readonly runs: string
  readonly expect?: string
  readonly output: string
}

const expectations = { promoted: 'promoted', 'rolled-back': 'rolledBack', held: 'held' } as const

export async function simulateCommand(
  paths: readonly string[],
  options: SimulateCommand,
): Promise<void> {
  const { output, expect = '', namespace = 'default' } = options
  if (output !== 'text' && output !== 'json')
    throw new UsageError(`--output ${output} is unknown; write text or json`)
  const expected = Object.entries(expectations).find(([word]) => word === expect)?.[1]
  if (expect !== '' && expected === undefined)
    throw new UsageError(`--expect ${expect} is unknown; write promoted, rolled-back or held`)
  const seeds = seedsOf(options)
  const histories = await historiesOf(options)
  const objects = await readManifests(paths)
  const asked = askedIn(objects, namespace)
  const results = asked.map((one) => {
    const name = `${one.door.name}/${one.object.metadata.name}`
    return { name, ...runsOf(one, othersIn(objects), { histories, seeds }) }
  })
  process.stdout.write(output === 'json' ? json(results) : text(results))
  const all = results.flatMap((one) => one.all)
  if (expected !== undefined && all.some(({ outcome }) => outcome !== expected))
    process.exitCode = exitCodes.degraded
}

function seedsOf({ seed, runs }: SimulateCommand): readonly number[] {
  const first = countOf('--seed', seed)
  const count = countOf('--runs', runs)
  if (count < 1 || count > 10_000)
    throw new UsageError(`--runs ${runs} makes no sense; write 1 to 10000`)
  return Array.from({ length: count }, (_, index) => first + index)
}

async function historiesOf({ history = [], synthetic = [] }: SimulateCommand): Promise<Histories> {
  const files = history.map(async (word): Promise<readonly [string, Series]> => {
    const [metric, path] = pairOf('--history', word, 'METRIC=FILE')
    try {
      return [metric, recorded(path, await readFile(path, 'utf8'))]
    } catch (error) {
      if (error instanceof UsageError) throw error
      throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : ''}`)
    }
  })
  const shapes = synthetic.map((word): readonly [string, Series] => {
    const [metric, shape] = pairOf('--synthetic', word, 'METRIC=SHAPE, such as errors=0.4~0.1,9@5m')
    return [metric, drawn(shape)]
  })
  return new Map([...(await Promise.all(files)), ...shapes])
}

function pairOf(option: string, word: string, form: string): readonly [string, string] {
  const [, name, value] = /^([^=]+)=(.+)$/s.exec(word) ?? []
  if (name === undefined || value === undefined)
    throw new UsageError(`${option} ${word} names no metric; write ${form}`)
  return [name, value]
}

function runsOf(
  asked: Asked,
  others: ReturnType<typeof othersIn>,
  { histories, seeds }: { readonly histories: Histories; readonly seeds: readonly number[] },
): Omit<Result, 'name'> {
  const now = systemPorts().clock.now()
  const begun = startOffline({ ...asked, others, first: false, now })
  if (begun.kind === 'problems') {
    const [problem] = begun.problems
    throw new UsageError(`${asked.object.metadata.name}: ${problem?.path}: ${problem?.message}`)
  }
  const { app, start, assumed } = begun
  const judges = (app.plan.experiment?.judges ?? []).map(({ metric }) => metric)
  const known = [...(app.analysis?.metrics ?? []), ...judges].map(({ name }) => name)
  const stray = [...histories.keys()].find((name) => !known.includes(name.replace(/@stable$/, '')))
  if (stray !== undefined)
    throw new UsageError(`${app.name} has no metric ${stray}; it has ${known.join(', ') || 'none'}`)
  return { assumed, all: seeds.map((seed) => simulate(start, now, { histories, seed })) }
}

type Result = {
  readonly name: string
  readonly assumed: readonly string[]
  readonly all: readonly Simulated[]
}

function text(results: readonly Result[]): string {
  const { paint } = terminalOf(process.stdout)
  const lines = results.flatMap(({ name, assumed, all }) => {
    const [only] = all
    const [first = '', ...others] =
      all.length === 1 && only !== undefined
        ? simulatedLines(name, only, paint)
        : summaryLines(name, all)
    return [first, ...assumed.map((sentence) => `  assumed: ${sentence}`), ...others]
  })
  return lines.map((line) => `${line}\n`).join('')
}

function json(results: readonly Result[]): string {
  const simulations = results.flatMap(({ name, assumed, all }) =>
    all.map((one) => ({
      name,
      assumed,
      outcome: one.outcome,
      afterMs: one.afterMs,
      sentence: outcomeText(one),
      transitions: one.forecast.moments.flatMap((moment) =>
        moment.kind === 'transition'
          ? [
              {
                afterMs: moment.afterMs,
                action: moment.event.action,
                message: moment.event.message,
              },
            ]
          : [],
      ),
      samples: one.samples,
    })),
  )
  return `${JSON.stringify({ simulations }, undefined, 2)}\n`
}
