/** Rows of the benchmark and how they are printed: one markdown table, bad rows included. */

export type Row = {
  /** As in the list of what is measured: `M5`. */
  readonly id: string
  readonly what: string
  readonly value: string
  /** What we want; empty where nothing was set. */
  readonly target: string
  /** Undefined where there is no target to compare with. */
  readonly met: boolean | undefined
}

export function table(rows: readonly Row[]): string {
  const lines = rows.map(({ id, what, value, target, met }) => {
    const verdict = met === undefined ? '' : met ? 'yes' : '**no**'
    return `| ${id} | ${what} | ${value} | ${target} | ${verdict} |`
  })
  return ['| id | what | measured | target | met |', '|---|---|---|---|---|', ...lines].join('\n')
}

/** @throws Error on an empty list. */
export function spread(values: readonly number[]): { median: number; max: number; min: number } {
  const sorted = [...values].sort((one, other) => one - other)
  const median = sorted[Math.floor((sorted.length - 1) / 2)]
  const max = sorted.at(-1)
  const min = sorted[0]
  if (median === undefined || max === undefined || min === undefined)
    throw new Error('there is nothing to take the median of')
  return { median, max, min }
}

export function milliseconds(value: number): string {
  return value < 100 ? `${value.toFixed(1)} ms` : `${Math.round(value).toLocaleString('en')} ms`
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`
}

export function kibibytes(bytes: number): string {
  return `${(bytes / 2 ** 10).toFixed(1)} KiB`
}
