/** Lets each mutant run until a seed finds it, and writes down how long that took. */
import { runPool } from '../pool.ts'
import { type Mutant, mutants } from './mutants.ts'

export type Hunted = {
  readonly mutant: Mutant
  readonly killed:
    | { readonly seed: number; readonly id: string; readonly what: string; readonly ms: number }
    | undefined
  /** Where it could not even be made or started. */
  readonly trouble?: string
}

const mostSeeds = 1100

export async function hunt(options: {
  readonly workers: number
  /** Part of the names of those that are hunted; empty for all. */
  readonly only: string
  readonly told: (line: string) => void
}): Promise<readonly Hunted[]> {
  const results: Hunted[] = []
  const waiting = mutants.filter(({ name }) => name.includes(options.only))
  const work = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const result = await huntOne(mutant)
      results.push(result)
      const { killed, trouble } = result
      const how =
        killed === undefined
          ? (trouble ?? 'SURVIVES')
          : `${killed.id} in ${(killed.ms / 1000).toFixed(1)} s, seed ${killed.seed}: ${killed.what}`
      options.told(`${mutant.name}: ${how}`)
    }
  }
  await Promise.all(Array.from({ length: options.workers }, work))
  return mutants.flatMap((mutant) => results.find((result) => result.mutant === mutant) ?? [])
}

async function huntOne(mutant: Mutant): Promise<Hunted> {
  const { file, from, to } = mutant
  const preload = { url: new URL('./hooks.ts', import.meta.url).href, data: { file, from, to } }
  let seeds = [...(mutant.seeds ?? []), ...Array.from({ length: mostSeeds }, (_, index) => index)]
  let ms = 0
  try {
    while (seeds.length > 0) {
      const startedAt = performance.now()
      const [failure] = (await runPool({ ...once, seeds, preload })).failures
      ms += performance.now() - startedAt
      if (failure === undefined) break
      const { seed, id, what } = failure
      // A seed that fails without any mutant as well says nothing about it.
      const plain = await runPool({ ...once, seeds: [seed] })
      if (plain.failures.length === 0) return { mutant, killed: { seed, id, what, ms } }
      seeds = seeds.slice(seeds.indexOf(seed) + 1)
    }
    return { mutant, killed: undefined }
  } catch (error) {
    return { mutant, killed: undefined, trouble: `cannot be made: ${String(error)}` }
  }
}

const once = { againEvery: 0, mostFailures: 1, shrinks: false, workers: 1 }

const heading = '## Mutants'

/** docs/simulation.md with its last part, the list of mutants, told anew. */
export function page(before: string, results: readonly Hunted[], date: string): string {
  const rows = results.map(({ mutant, killed }) => {
    const by =
      killed === undefined ? '**survives**' : `${killed.id}: ${killed.what.replaceAll('|', '\\|')}`
    const time = killed === undefined ? '' : `${(killed.ms / 1000).toFixed(1)} s`
    return `| ${mutant.name} | \`${mutant.file}\` | ${by} | ${time} |`
  })
  return `${before.slice(0, before.indexOf(heading))}${heading}

${intro}
Hunted on ${date}; time includes starting a thread and compiling everything.

| mutant | file | found by | after |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

const intro = `A simulator that finds nothing proves nothing. So the product is changed in one place, and some seed has to notice.
The change is made on the way into the module loader (\`test/sim/mutants/hooks.ts\`); nothing on disk is touched, and the
product knows nothing of it.
`
