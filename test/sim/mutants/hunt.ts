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
  readonly told: (line: string) => void
}): Promise<readonly Hunted[]> {
  const results: Hunted[] = []
  const waiting = [...mutants]
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

const once = { twice: false, mostFailures: 1, shrinks: false, workers: 1 }

/** docs/simulation.md. */
export function page(results: readonly Hunted[], date: string): string {
  const rows = results.map(({ mutant, killed }) => {
    const by =
      killed === undefined ? '**survives**' : `${killed.id}: ${killed.what.replaceAll('|', '\\|')}`
    const time = killed === undefined ? '' : `${(killed.ms / 1000).toFixed(1)} s`
    return `| ${mutant.name} | \`${mutant.file}\` | ${by} | ${time} |`
  })
  return `${intro}
Hunted on ${date}; time includes starting a thread and compiling everything.

| mutant | file | found by | after |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

const intro = `# Simulation

The whole controller, two of them where a run asks for it, runs in one thread and in virtual time against the local
cluster: API server, ReplicaSets, EndpointSlices, garbage collection, kubelet, gateway, metrics, users. A seed decides
what is asked for, what goes wrong, when, and how. The same seed tells the same story, to the byte.

    npm run sim -- --seeds 2000 --from 0     # each seed twice; tells failures, shrunk, and what was reached
    npm run sim -- --from 41 --seeds 1 --story
    npm run sim -- --mutants --write         # writes this page

**Safety.** \`test/sim/invariants\` has a file for each of S1 to S12. They look at the store's truth after every write,
never at what the controller believed. What must have been so before a write may have been so in the store, or in
what the instance had been told when the request left: with watches a little behind, nobody can know more.

**Liveness.** Then all faults heal. Every release comes to its end within a bound, an open pause outlives restarts, all
is quiet afterwards, and deletions end (\`test/sim/liveness.ts\`).

**Faults.** \`test/sim/plan.ts\` lists them, \`strikes.ts\`, \`replies.ts\` and \`wire*.ts\` do them. Seeds go round the table of
the states of a release and the faults, so that every cell has its turn; \`coverage.ts\` counts.

**A new kind of story**, another strategy or router, is a file in \`test/sim/stories\` and a line in its register.

## Mutants

A simulator that finds nothing proves nothing. So the product is changed in one place, and some seed has to notice.
The change is made on the way into the module loader (\`test/sim/mutants/hooks.ts\`); nothing on disk is touched, and the
product knows nothing of it.
`
