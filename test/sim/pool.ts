/** Seeds spread over worker threads. */
import { Worker } from 'node:worker_threads'
import type { BatchOptions, BatchResult, Failure } from './batch.ts'
import { addCounts, noCounts } from './coverage.ts'

export type PoolOptions = Omit<BatchOptions, 'progress'> & {
  readonly workers: number
  /** Module hooks that every worker loads first: for mutants. */
  readonly preload?: { readonly url: string; readonly data: unknown }
}

export type Task = Omit<BatchOptions, 'progress'> & { readonly preload?: PoolOptions['preload'] }

/** @throws Error when a worker dies. */
export async function runPool({ workers, ...options }: PoolOptions): Promise<BatchResult> {
  // Every n-th seed each: neighbours cost about the same.
  const shares = Array.from({ length: workers }, (_, own) =>
    options.seeds.filter((_seed, index) => index % workers === own),
  ).filter(({ length }) => length > 0)
  const results = await Promise.all(shares.map((seeds) => inWorker({ ...options, seeds })))
  const counts = noCounts()
  const failures: Failure[] = []
  let runs = 0
  let replays = 0
  let virtualMs = 0
  for (const result of results) {
    addCounts(counts, result.counts)
    failures.push(...result.failures)
    runs += result.runs
    replays += result.replays
    virtualMs += result.virtualMs
  }
  failures.sort((one, other) => one.seed - other.seed)
  return { runs, replays, failures, counts, virtualMs }
}

/** Megabytes. Much of what a run makes is gone at once; a seed that leaves anything behind shows soon. */
const resourceLimits = { maxYoungGenerationSizeMb: 64, maxOldGenerationSizeMb: 700 }

function inWorker(task: Task): Promise<BatchResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: task,
      resourceLimits,
    })
    worker.once('message', (result: BatchResult) => {
      resolve(result)
      void worker.terminate()
    })
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)))
  })
}
