/** One process of the pool: loads hooks if there are any, then the simulator, then runs its seeds. */
import process from 'node:process'
import type { Report, Task } from './pool.ts'

process.once('message', (message) => {
  void work(message as Task)
})
// Whoever asked is gone: nobody waits for the answer.
process.once('disconnect', () => process.exit())

async function work({ preload, ...task }: Task): Promise<void> {
  if (preload !== undefined) {
    const { install } = (await import(preload.url)) as { install: (data: unknown) => void }
    install(preload.data)
  }
  const { runBatch } = await import('./batch.ts')
  const result = await runBatch(task)
  const megabytes = Math.round(process.resourceUsage().maxRSS / 1000)
  process.send?.({ result, megabytes } satisfies Report)
}
