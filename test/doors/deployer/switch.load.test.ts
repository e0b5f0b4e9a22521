/** Ten versions one after the other under load, and failing ones between them: nobody is dropped, nobody meets a bad one. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bench, openBench } from './bench.ts'
import { Client, descriptorOf } from './client.ts'
import { load } from './traffic.ts'

let bench: Bench
beforeAll(async () => {
  bench = await openBench({
    speed: 2,
    options: { deployerProxysleep: '4s' },
  })
})
afterAll(async () => {
  await bench?.stop()
})

/** By the good version that they follow. */
const badOnes: Readonly<Record<number, Record<string, unknown>>> = {
  2: { healthCheckPath: 'nothing' },
  4: { tag: 'bad-4-neverready' },
  7: { healthCheckPath: 'nothing' },
  9: { tag: 'bad-9-neverready' },
}

test('ten switches under load drop no request, and a failing version never gets one', async () => {
  const client = new Client(bench.url)
  const deploy = async (more: Record<string, unknown>) =>
    client.settled(await client.deploy(await client.describe(descriptorOf('shop', more))))
  expect(await deploy({ tag: 'v0' })).toMatchObject({ status: 'DEPLOYED' })
  const under = load(bench.gateway, 'shop.example.com')
  for (let number = 1; number <= 10; number += 1) {
    expect(await deploy({ tag: `v${number}` })).toMatchObject({ status: 'DEPLOYED' })
    const bad = badOnes[number]
    if (bad !== undefined)
      await bench.within('8s', async () => {
        const more = { tag: `bad-${number}`, ...bad }
        expect(await deploy(more)).toMatchObject({ status: 'FAILURE' })
      })
  }
  await expect
    .poll(() => under.counted().requests, { timeout: 120_000, interval: 100 })
    .toBeGreaterThanOrEqual(20_000)
  const { requests, dropped, versions } = await under.stop()
  expect(dropped).toEqual([])
  expect(Object.keys(versions).filter((version) => version.startsWith('bad'))).toEqual([])
  expect(Object.keys(versions).sort()).toEqual(
    Array.from({ length: 11 }, (_, number) => `v${number}`).sort(),
  )
  process.stderr.write(
    `${requests} requests, ${dropped.length} dropped: ${JSON.stringify(versions)}\n`,
  )
}, 600_000)
