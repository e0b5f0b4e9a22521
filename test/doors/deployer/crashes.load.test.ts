/** The server is ended at every single write of every story. */
import { afterAll, beforeAll } from 'vitest'
import { type Bench, openBench } from './bench.ts'
import { crashes } from './crashes.suite.ts'

let bench: Bench
beforeAll(async () => {
  bench = await openBench({
    speed: 20,
    simulated: true,
    leads: false,
    options: { deployerTimeout: '30s', deployerProxysleep: '2s' },
  })
})
afterAll(async () => {
  await bench?.stop()
})

const every = Array.from({ length: 60 }, (_, index) => index + 1)
for (const story of ['deploy', 'fail', 'undeploy'] as const) crashes(() => bench, story, every)
