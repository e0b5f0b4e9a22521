/** One thread of the pool: loads hooks if there are any, then the simulator, then runs its seeds. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Task } from './pool.ts'

const { preload, ...task } = workerData as Task
if (preload !== undefined) {
  const { install } = (await import(preload.url)) as { install: (data: unknown) => void }
  install(preload.data)
}
const { runBatch } = await import('./batch.ts')
parentPort?.postMessage(await runBatch(task))
