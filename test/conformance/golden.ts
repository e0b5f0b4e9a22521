/** Traces of a real server, kept so that a machine without one can compare; a file for each area, a line for each case. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Outcome, renumbered } from './normalise.ts'

const folder = join(import.meta.dirname, 'golden')

export function readGolden(): ReadonlyMap<string, readonly Outcome[]> {
  const traces = new Map<string, readonly Outcome[]>()
  for (const file of readdirSync(folder)) {
    const lines = readFileSync(join(folder, file), 'utf8').split('\n')
    for (const line of lines.filter((text) => text !== '')) {
      const [id, trace] = JSON.parse(line) as [string, Outcome[]]
      traces.set(id, renumbered(trace))
    }
  }
  return traces
}

/** Replaces all that is kept. */
export function writeGolden(traces: ReadonlyMap<string, readonly Outcome[]>): void {
  const areas = new Map<string, string[]>()
  for (const [id, trace] of [...traces].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const area = id.split('/')[0] ?? ''
    const lines = areas.get(area) ?? []
    lines.push(JSON.stringify([id, sorted(renumbered(trace))]))
    areas.set(area, lines)
  }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [area, lines] of areas) {
    const name = area.toLowerCase().replace(/\W+/g, '-')
    writeFileSync(join(folder, `${name}.jsonl`), `${lines.join('\n')}\n`)
  }
}

/** Members in alphabetical order, so that two recordings of the same are the same file. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}
