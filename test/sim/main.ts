/** `npm run sim -- --seeds N --from S`: runs seeds and tells what failed; `--mutants` shows that it can fail. */

import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { failureText } from './batch.ts'
import { coverageText } from './coverage.ts'
import { drawPlan } from './draw.ts'
import { hunt, page } from './mutants/hunt.ts'
import { runPool } from './pool.ts'
import { runPlan } from './run.ts'

const usage = `npm run sim -- [options]
  --seeds N     how many seeds (default 2000)
  --from S      the first of them (default 0)
  --once        each seed once, without comparing two runs
  --workers N   threads (default: one a core)
  --story       tells what happened in each seed, for a few of them
  --mutants     changes the product twenty times and shows that each change is found
  --only WORDS  with --mutants: those with these words in their names
  --write       with --mutants: writes the list in docs/simulation.md`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '0' },
    workers: { type: 'string', default: String(availableParallelism()) },
    once: { type: 'boolean', default: false },
    story: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const [count, from, workers] = [Number(values.seeds), Number(values.from), Number(values.workers)]
const seeds = Array.from({ length: count }, (_, index) => from + index)

if (values.help) process.stdout.write(`${usage}\n`)
else if (values.mutants) await huntMutants()
else if (values.story) await tellStories()
else await runSeeds()

async function tellStories(): Promise<void> {
  for (const seed of seeds) {
    const plan = drawPlan(seed)
    const { story, violation, hash } = await runPlan(plan)
    process.stdout.write(`${JSON.stringify(plan)}\n${story.join('\n')}\n`)
    process.stdout.write(`seed ${seed}: ${violation?.what ?? 'nothing is wrong'} (${hash})\n\n`)
    if (violation !== undefined) process.exitCode = 1
  }
}

async function runSeeds(): Promise<void> {
  const startedAt = performance.now()
  const options = {
    seeds,
    againEvery: values.once ? 0 : 1,
    mostFailures: 5,
    shrinks: true,
    workers,
  }
  const { failures, counts, runs, virtualMs } = await runPool(options)
  const seconds = (performance.now() - startedAt) / 1000
  process.stdout.write(`${coverageText(counts)}\n`)
  for (const failure of failures) process.stdout.write(`\n${failureText(failure)}\n`)
  const days = virtualMs / 86_400_000
  process.stdout.write(
    `${runs} runs in ${seconds.toFixed(0)} s, ${days.toFixed(1)} virtual days; ${failures.length} failures\n`,
  )
  if (failures.length > 0) process.exitCode = 1
}

async function huntMutants(): Promise<void> {
  const results = await hunt({
    workers,
    only: values.only,
    told: (line) => process.stdout.write(`${line}\n`),
  })
  const survivors = results.filter(({ killed }) => killed === undefined)
  if (values.write) {
    const url = new URL('../../docs/simulation.md', import.meta.url)
    const date = new Date().toISOString().slice(0, 10)
    await writeFile(url, page(await readFile(url, 'utf8'), results, date))
  }
  if (survivors.length > 0) process.exitCode = 1
}
