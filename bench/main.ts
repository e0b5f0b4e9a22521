/** Runs the benchmark and prints one table; with `--write` it becomes docs/benchmarks.md. */
import { writeFile } from 'node:fs/promises'
import { apiServerRows } from './api-server.ts'
import { within } from './bounded.ts'
import { canaryRows } from './canary.ts'
import { dashboardRows } from './dashboard.ts'
import { dashboardPageRows } from './dashboard-page.ts'
import { decideRows } from './decide.ts'
import { downloadRows } from './downloads.ts'
import { experimentRows } from './experiments.ts'
import { imageRows } from './image.ts'
import { localRows } from './local.ts'
import { memoryRows } from './memory.ts'
import { page } from './page.ts'
import { rollbackRows } from './rollback.ts'
import { simulatorRows } from './simulator.ts'
import { startUpRows } from './start-up.ts'
import type { Row } from './table.ts'
import { watchRows } from './watch.ts'

const parts: readonly { readonly name: string; readonly rows: () => Promise<readonly Row[]> }[] = [
  { name: 'M5, decide', rows: async () => decideRows() },
  { name: 'M6 and M8, a canary', rows: canaryRows },
  { name: 'M9, turning back', rows: rollbackRows },
  { name: 'M1, M2, M4, M5 and M7, memory and restarts', rows: memoryRows },
  { name: 'experiments', rows: experimentRows },
  { name: 'the local cluster', rows: localRows },
  { name: 'M20 and start-up', rows: startUpRows },
  { name: 'the image', rows: imageRows },
  { name: 'downloads', rows: downloadRows },
  { name: 'K1, watch ingest', rows: watchRows },
  { name: 'the API server', rows: apiServerRows },
  { name: 'M19, the simulator', rows: simulatorRows },
  { name: 'the server of the dashboard', rows: dashboardRows },
  { name: 'the page of the dashboard', rows: dashboardPageRows },
]
const partWithinMs = 240_000

const startedAt = performance.now()
const rows: Row[] = []
const missing: string[] = []
for (const part of chosen()) {
  process.stderr.write(`${part.name}\n`)
  try {
    rows.push(...(await within(part.name, part.rows(), partWithinMs)))
  } catch (error) {
    missing.push(`${part.name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
const text = page(rows, missing, (performance.now() - startedAt) / 1000)
process.stdout.write(text)
if (process.argv.includes('--write'))
  await writeFile(new URL('../docs/benchmarks.md', import.meta.url), text)
// A part that was given up may still hold timers.
process.exit(missing.length === 0 ? 0 : 1)

/** All parts, or those whose name holds one of the words given. */
function chosen(): typeof parts {
  const words = process.argv.slice(2).filter((word) => !word.startsWith('-'))
  return words.length === 0
    ? parts
    : parts.filter(({ name }) => words.some((word) => name.includes(word)))
}
