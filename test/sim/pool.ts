/** Seeds spread over processes of their own. */
import { fork } from 'node:child_process'
import type { BatchOptions, BatchResult, Failure } from './batch.ts'
import { addCounts, noCounts } from './coverage.ts'

export type PoolOptions = Omit<BatchOptions, 'progress'> & {
  readonly workers: number
  /** Module hooks that every worker loads first: for mutants. */
  readonly preload?: { readonly url: string; readonly data: unknown }
}

export type Task = Omit<BatchOptions, 'progress'> & { readonly preload?: PoolOptions['preload'] }

/** What a worker sends when it is done. */
export type Report = { readonly result: BatchResult; readonly megabytes: number }

export type PoolResult = BatchResult & {
  /** Peak memory of the worker that took most. */
  readonly megabytes: number
}

/** @throws Error when a worker dies. */
export async function runPool({ workers, ...options }: PoolOptions): Promise<PoolResult> {
  // Every n-th seed each: neighbours cost about the same.
  const shares = Array.from({ length: workers }, (_, own) =>
    options.seeds.filter((_seed, index) => index % workers === own),
  ).filter(({ length }) => length > 0)
  const reports = await Promise.all(shares.map((seeds) => inWorker({ ...options, seeds })))
  const counts = noCounts()
  const failures: Failure[] = []
  let runs = 0
  let replays = 0
  let virtualMs = 0
  for (const { result } of reports) {
    addCounts(counts, result.counts)
    failures.push(...result.failures)
    runs += result.runs
    replays += result.replays
    virtualMs += result.virtualMs
  }
  failures.sort((one, other) => one.seed - other.seed)
  const megabytes = Math.max(0, ...reports.map((report) => report.megabytes))
  return { runs, replays, failures, counts, virtualMs, megabytes }
}

/**
 * Each worker has a core to itself, so helpers that collect garbage beside it would only be in the way. Much of what a
 * run makes is gone at once; a seed that leaves anything behind shows soon.
 */
const engine = ['--single-threaded-gc', '--max-semi-space-size=128', '--max-old-space-size=700']

function inWorker(task: Task): Promise<Report> {
  return new Promise((resolve, reject) => {
    const worker = fork(new URL('./worker.ts', import.meta.url), {
      execArgv: engine,
      serialization: 'advanced',
    })
    worker.once('message', (report: Report) => {
      resolve(report)
      worker.disconnect()
    })
    worker.once('error', reject)
    worker.once('exit', (code, signal) =>
      reject(new Error(`a worker ended with ${code ?? signal ?? 'nothing'}`)),
    )
    worker.send(task)
  })
}
