/** A leader that ends at any of its writes, in any of the three stories it works on; another one goes on from there. */
import { expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { KubeError } from '#kube/errors.ts'
import type { Transport } from '#kube/http.ts'
import type { Bench } from './bench.ts'
import { Client, descriptorOf } from './client.ts'

export type Story = 'deploy' | 'fail' | 'undeploy'

/** What a log says, without when and without names that differ from run to run. */
const words = (log: string): readonly string[] =>
  log
    .split('\n')
    .slice(0, -1)
    .map((line) => line.slice(25).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID'))
    // How many pods are ready when somebody looks differs from run to run.
    .filter((line) => !/ pods( are |;|$)/.test(line))

/** Lets so many writes through, loses the answer of the last one, and is dead from then on. */
function dyingAfter(writes: number, died: () => void): (transport: Transport) => Transport {
  let left = writes
  return ({ send, close }) => ({
    close,
    send: async (request, how) => {
      const dead = new KubeError({ reason: 'Unreachable', code: 0, message: 'the process ended' })
      if (left <= 0) throw dead
      const isWrite = request.method !== 'GET'
      if (isWrite) left -= 1
      const answer = await send(request, how)
      if (isWrite && left === 0) {
        died()
        throw dead
      }
      return answer
    },
  })
}

type Ended = { readonly died: boolean; readonly log: readonly string[] }

/** Namespaces of their own, so that several leaders can work beside one another. */
export function crashes(bench: () => Bench, story: Story, writes: readonly number[]): void {
  test(`a process that ends at a write, in the story ${story}, is taken over, and every line is told once`, async () => {
    const whole = await play(bench(), story, 1000)
    expect(whole.died).toBe(false)
    const lanes = 5
    let deaths = 0
    for (let begin = 0; begin < writes.length; begin += lanes) {
      const some = writes.slice(begin, begin + lanes)
      const all = await Promise.all(some.map((count) => play(bench(), story, count)))
      expect(all.map(({ log }) => log)).toEqual(some.map(() => whole.log))
      deaths += all.filter(({ died }) => died).length
      if (all.some(({ died }) => !died)) break
    }
    expect(deaths).toBeGreaterThanOrEqual(Math.min(writes.length, 8))
  }, 240_000)
}

async function play(bench: Bench, story: Story, writes: number): Promise<Ended> {
  const namespace = `${story}-${writes}`
  await bench.cluster.create(kinds.namespace, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  })
  const client = new Client(bench.url, namespace)
  const leads = (limit: string, through?: (transport: Transport) => Transport) => {
    const options = { deployerTimeout: limit }
    return bench.another({ namespace, options, ...(through === undefined ? {} : { through }) })
  }
  const plain = (more: Record<string, unknown> = {}) =>
    client.describe(descriptorOf('app', { namespace, useHealthCheck: false, ...more }))
  // Limits are of the clock, which does not wait for a busy machine.
  const limit = story === 'fail' ? '30s' : '600s'
  const well = await leads('600s')
  well.lead(() => true)
  const first = await client.deploy(await plain())
  expect(await client.settled(first)).toMatchObject({ status: 'DEPLOYED' })
  await well.stop()
  let died = false
  const ended = Promise.withResolvers<void>()
  const dying = await leads(
    limit,
    dyingAfter(writes, () => {
      died = true
      ended.resolve()
    }),
  )
  const id = await begin(client, story, first, plain)
  dying.lead(() => !died)
  await Promise.race([ended.promise, client.settled(id)])
  await dying.stop()
  const next = await leads(limit)
  next.lead(() => true)
  try {
    return { died, log: await outcome(client, story, id) }
  } finally {
    await next.stop()
  }
}

async function begin(
  client: Client,
  story: Story,
  first: string,
  plain: (more?: Record<string, unknown>) => Promise<string>,
): Promise<string> {
  if (story === 'undeploy') {
    await client.ask('DELETE', `/deployments/${first}/?namespace=${client.namespace}`)
    return first
  }
  return client.deploy(await plain(story === 'fail' ? { tag: 'v2-neverready' } : {}))
}

const histories: Readonly<Record<Story, readonly string[]>> = {
  deploy: ['UNDEPLOYED', 'DEPLOYED'],
  fail: ['DEPLOYED', 'FAILURE'],
  undeploy: ['UNDEPLOYED'],
}

async function outcome(client: Client, story: Story, id: string): Promise<readonly string[]> {
  const { version } = await client.settled(id)
  expect(version).toBe(story === 'undeploy' ? '1' : '2')
  const { body } = await client.ask('GET', `/deployments/?namespace=${client.namespace}`)
  const history = (JSON.parse(body) as { status: string }[]).map(({ status }) => status)
  const log = await client.logs(id)
  expect(history, log).toEqual(histories[story])
  return words(log)
}
