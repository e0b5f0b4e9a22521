/** A thousand descriptors and ten thousand records: lists, single records and the start of the work stay fast. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Descriptor } from '#doors/deployer/descriptor.ts'
import {
  type DeploymentRecord,
  type DescriptorRecord,
  deploymentKind,
  descriptorKind,
  recordVersion,
} from '#doors/deployer/kinds.ts'
import { Client, descriptorOf } from './client.ts'
import { type Desk, openDesk } from './desk.ts'

const apps = 1000
const each = 10
let desk: Desk
let client: Client

beforeAll(async () => {
  desk = await openDesk()
  client = new Client(desk.url)
  for (let begin = 0; begin < apps; begin += 50)
    await Promise.all(Array.from({ length: 50 }, (_, index) => fill(begin + index)))
}, 240_000)
afterAll(async () => {
  await desk?.stop()
})

async function fill(index: number): Promise<void> {
  const appName = `app-${index}`
  const descriptor = { ...descriptorOf(appName), id: `d-${index}` } as unknown as Descriptor
  const at = `2026-01-01T00:00:00.${String(index).padStart(3, '0')}Z`
  const meta = (name: string) => ({
    name,
    namespace: 'default',
    labels: { 'headgate.dev/door': 'deployer' },
  })
  await desk.cluster.create<DescriptorRecord>(descriptorKind, {
    apiVersion: recordVersion,
    kind: descriptorKind.kind,
    metadata: meta(`d-${index}`),
    spec: { appName, created: at, lastModified: at, descriptor },
  })
  for (let number = 1; number <= each; number += 1) {
    const name = `r-${index}-${number}`
    await desk.cluster.create<DeploymentRecord>(deploymentKind, {
      apiVersion: recordVersion,
      kind: deploymentKind.kind,
      metadata: meta(name),
      spec: { appName, created: at, descriptor },
    })
    const status = number === each ? 'DEPLOYED' : 'UNDEPLOYED'
    await desk.cluster.patch(
      deploymentKind,
      { namespace: 'default', name },
      'merge',
      { status: { status, version: String(number), lastModified: at } },
      { subresource: 'status' },
    )
  }
}

/** Milliseconds of the slowest of nine in ten. */
async function p90(act: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < 20; run += 1) {
    const started = performance.now()
    await act()
    times.push(performance.now() - started)
  }
  return times.toSorted((a, b) => a - b)[17] ?? Infinity
}

const rows: readonly [string, string, number, number][] = [
  ['all descriptors', '/descriptors/?namespace=default', apps, 400],
  ['descriptors of one application', '/descriptors/?namespace=default&appname=app-7', 1, 50],
  ['all deployments', '/deployments/?namespace=default', apps * each, 2000],
  ['deployments of one application', '/deployments/?namespace=default&appname=app-7', each, 100],
  ['the newest of each', '/deployments/?namespace=default&limit=1', apps, 600],
  ['a page', '/deployments/?namespace=default&pageSize=100', 100, 200],
]
for (const [name, path, count, mostMs] of rows) {
  test(`${name}: within ${mostMs} ms`, async () => {
    const { body } = await client.ask('GET', path)
    expect(JSON.parse(body)).toHaveLength(count)
    const ms = await p90(() => client.ask('GET', path))
    process.stderr.write(`${name}: ${ms.toFixed(1)} ms, ${body.length} bytes\n`)
    expect(ms).toBeLessThan(mostMs)
  })
}

test('one record: within 20 ms', async () => {
  const ms = await p90(() => client.ask('GET', '/deployments/r-500-3/?namespace=default'))
  process.stderr.write(`one record: ${ms.toFixed(1)} ms\n`)
  expect(ms).toBeLessThan(20)
})

test('a leader begins with ten thousand records at rest without writing anything', async () => {
  const before = await newest()
  desk.face.lead(() => true)
  const id = await client.describe(descriptorOf('last', { useHealthCheck: false }))
  const started = performance.now()
  const deployment = await client.deploy(id)
  // Nobody runs pods here; that the work begins is enough.
  await expect
    .poll(async () => client.logs(deployment), { timeout: 20_000, interval: 20 })
    .toContain('version 1 is started')
  process.stderr.write(`the work began after ${(performance.now() - started).toFixed(0)} ms\n`)
  expect(await newest()).toEqual(before)
})

async function newest(): Promise<readonly (string | undefined)[]> {
  const { items } = await desk.cluster.list<DeploymentRecord>(deploymentKind)
  return items
    .filter(({ metadata }) => metadata.name.startsWith('r-'))
    .map(({ metadata }) => metadata.resourceVersion)
}
