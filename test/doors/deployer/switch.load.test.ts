/** Ten versions and more one after the other under load, and failing ones between them: nobody is dropped, nobody meets a bad one. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bench, openBench } from './bench.ts'
import { Client, descriptorOf } from './client.ts'
import { load } from './traffic.ts'

let bench: Bench
beforeAll(async () => {
  bench = await openBench({
    apart: true,
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
  let last = 0
  while (last < 10 || under.counted().requests < 20_000) {
    const number = last + 1
    expect(await deploy({ tag: `v${number}` })).toMatchObject({ status: 'DEPLOYED' })
    last = number
    const bad = badOnes[number]
    if (bad !== undefined)
      await bench.within('8s', async () => {
        const more = { tag: `bad-${number}`, ...bad }
        expect(await deploy(more)).toMatchObject({ status: 'FAILURE' })
      })
  }
  const { requests, dropped, versions, stalledMs } = await under.stop()
  process.stderr.write(
    `${requests} requests, ${dropped.length} dropped, stalled ${stalledMs} ms: ${JSON.stringify(versions)}\n`,
  )
  expect(dropped).toEqual([])
  expect(Object.keys(versions).filter((version) => version.startsWith('bad'))).toEqual([])
  expect(Object.keys(versions).sort()).toEqual(
    Array.from({ length: last + 1 }, (_, number) => `v${number}`).sort(),
  )
}, 600_000)
