/** A simulated release as text. */
import { formatDuration } from '#core/time.ts'
import type { Colour, Paint } from '../show/terminal.ts'
import type { SampleSeen, Simulated } from './run.ts'

const outcomeColours: Readonly<Record<Simulated['outcome'], Colour>> = {
  promoted: 'green',
  rolledBack: 'red',
  held: 'yellow',
}

export function simulatedLines(
  name: string,
  simulated: Simulated,
  paint: Paint,
): readonly string[] {
  const told = [
    ...simulated.forecast.moments.flatMap(({ afterMs, ...moment }) => {
      if (moment.kind === 'transition')
        return [{ afterMs, text: `${moment.event.action}: ${moment.event.message}` }]
      if (moment.kind !== 'wait') return []
      const long =
        moment.durationMs === undefined ? 'until somebody acts' : formatDuration(moment.durationMs)
      return [{ afterMs, text: `wait ${long}: ${moment.type}: ${moment.message}` }]
    }),
    ...stretches(simulated.samples),
  ].toSorted((one, other) => one.afterMs - other.afterMs)
  return [
    `${name}: ${paint(outcomeColours[simulated.outcome], outcomeText(simulated))}`,
    ...told.map(({ afterMs, text }) => `  ${formatDuration(afterMs).padEnd(9)} ${text}`),
  ]
}

export function outcomeText({ outcome, afterMs, forecast }: Simulated): string {
  const { type, message } = forecast.end.reason
  switch (outcome) {
    case 'promoted':
      return `promoted after ${formatDuration(afterMs)}`
    case 'rolledBack':
      return `rolled back after ${formatDuration(afterMs)}: ${type}: ${message}`
    case 'held':
      return `neither promoted nor rolled back after ${formatDuration(afterMs)}: ${type}: ${message}`
  }
}

/** Samples of one metric in a row that have the same verdict are one line. */
function stretches(
  samples: readonly SampleSeen[],
): readonly { readonly afterMs: number; readonly text: string }[] {
  const byMetric = Map.groupBy(samples, ({ role, metric }) => `${role} ${metric}`)
  return [...byMetric].flatMap(([name, own]) => {
    const rows: SampleSeen[][] = []
    for (const sample of own) {
      const last = rows.at(-1)
      if (last !== undefined && last[0]?.verdict === sample.verdict) last.push(sample)
      else rows.push([sample])
    }
    return rows.map((row) => ({ afterMs: row[0]?.afterMs ?? 0, text: `${name}: ${rowText(row)}` }))
  })
}

function rowText(row: readonly SampleSeen[]): string {
  const [first] = row
  const values = row.flatMap(({ value }) => (value === undefined ? [] : [value]))
  const [least, most] = [Math.min(...values), Math.max(...values)].map(short)
  const range =
    values.length === 0 ? first?.message : least === most ? least : `${least} to ${most}`
  const count = row.length === 1 ? 'a sample' : `${row.length} samples`
  return `${count} ${first?.verdict}: ${range ?? ''}`
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}

/** Many runs in a few numbers. */
export function summaryLines(name: string, all: readonly Simulated[]): readonly string[] {
  const parts = (['promoted', 'rolledBack', 'held'] as const).map((outcome) => {
    const own = all.filter((one) => one.outcome === outcome)
    const times = own.map(({ afterMs }) => afterMs).toSorted((one, other) => one - other)
    const median = times[Math.floor(times.length / 2)]
    const share = `${((100 * own.length) / all.length).toFixed(1)} %`
    const when = median === undefined ? '' : `, median ${formatDuration(median)}`
    return `  ${words[outcome]} ${own.length} (${share})${when}`
  })
  return [`${name}: ${all.length} runs`, ...parts]
}

const words = { promoted: 'promoted', rolledBack: 'rolled back', held: 'held' } as const
