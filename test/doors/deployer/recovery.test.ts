/** Processes that end midway, and people who ask for several things at once. Pods have no processes here. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { KubeError } from '#kube/errors.ts'
import type { Transport } from '#kube/http.ts'
import { type Bench, openBench } from './bench.ts'
import { Client, descriptorOf } from './client.ts'

let bench: Bench
let client: Client
const options = { deployerTimeout: '60s', deployerProxysleep: '2s' }

beforeAll(async () => {
  bench = await openBench({ speed: 20, simulated: true, leads: false, options })
  client = new Client(bench.url)
})
afterAll(async () => {
  await bench?.stop()
})

const plain = (appName: string, more: Record<string, unknown> = {}) =>
  descriptorOf(appName, { useHealthCheck: false, ...more })

/** What a log says, without when and without names that differ from run to run. */
const words = (log: string): readonly string[] =>
  log
    .split('\n')
    .slice(0, -1)
    .map((line) => line.slice(25).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID'))

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

describe('a process that ends', () => {
  /** A namespace of its own, so that several leaders can work beside one another. */
  const clientIn = async (namespace: string): Promise<Client> => {
    await bench.cluster.create(kinds.namespace, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    })
    return new Client(bench.url, namespace)
  }
  const leaderIn = async (namespace: string) => {
    const face = await bench.another({ namespace })
    face.lead(() => true)
    return face
  }

  /** Deploys the second version of an app with a leader that dies; whether it died before the end, and the log. */
  const second = async (writes: number): Promise<{ died: boolean; log: readonly string[] }> => {
    const namespace = `dies-${writes}`
    const own = await clientIn(namespace)
    const id = await own.describe(plain('app', { namespace }))
    const well = await leaderIn(namespace)
    expect(await own.settled(await own.deploy(id))).toMatchObject({ status: 'DEPLOYED' })
    await well.stop()
    let died = false
    const ended = Promise.withResolvers<void>()
    const dying = await bench.another({
      namespace,
      through: dyingAfter(writes, () => {
        died = true
        ended.resolve()
      }),
    })
    const deployment = await own.deploy(id)
    dying.lead(() => !died)
    await Promise.race([ended.promise, own.settled(deployment)])
    await dying.stop()
    const next = await leaderIn(namespace)
    try {
      const settled = await own.settled(deployment)
      expect(settled).toMatchObject({ status: 'DEPLOYED', version: '2' })
      const { body } = await own.ask('GET', `/deployments/?namespace=${namespace}`)
      const history = (JSON.parse(body) as { status: string }[]).map(({ status }) => status)
      expect(history).toEqual(['UNDEPLOYED', 'DEPLOYED'])
      return { died, log: words(await own.logs(deployment)).filter(isStep) }
    } finally {
      await next.stop()
    }
  }

  test('at any write leaves a deployment that goes on and ends, with every line of its log once', async () => {
    const whole = await second(1000)
    expect(whole).toMatchObject({ died: false })
    let deaths = 0
    const lanes = 5
    for (let begin = 1; begin < 60; begin += lanes) {
      const writes = Array.from({ length: lanes }, (_, index) => begin + index)
      const all = await Promise.all(writes.map(second))
      expect(all.map(({ log }) => log)).toEqual(writes.map(() => whole.log))
      deaths += all.filter(({ died }) => died).length
      if (all.some(({ died }) => !died)) break
    }
    expect(deaths).toBeGreaterThan(15)
  }, 120_000)

  // How many pods are ready when somebody looks differs from run to run.
  function isStep(line: string): boolean {
    return !/ pods( are |;|$)/.test(line)
  }
})

describe('several things at once', () => {
  let stop = async (): Promise<void> => {}
  beforeAll(async () => {
    const face = await bench.another()
    face.lead(() => true)
    stop = () => face.stop()
  })
  afterAll(() => stop())

  test('two deployments of one application come one after the other, with two numbers', async () => {
    const id = await client.describe(plain('both'))
    const ids = await Promise.all([client.deploy(id), client.deploy(id), client.deploy(id)])
    const settled = await Promise.all(ids.map((one) => client.settled(one)))
    expect(settled.map(({ version }) => version).sort()).toEqual(['1', '2', '3'])
    const after = await Promise.all(ids.map((one) => client.deployment(one)))
    expect(after.map(({ status }) => status).sort()).toEqual([
      'DEPLOYED',
      'UNDEPLOYED',
      'UNDEPLOYED',
    ])
    const last = after.find(({ status }) => status === 'DEPLOYED')
    expect(last?.version).toBe('3')
  })

  test('an undeployment that is asked for midway comes after the deployment', async () => {
    const deployment = await client.deploy(await client.describe(plain('short')))
    await client.ask('DELETE', `/deployments/${deployment}/?namespace=default`)
    await expect
      .poll(async () => (await client.deployment(deployment)).status, { timeout: 20_000 })
      .toMatch(/UNDEPLOYED|FAILURE/)
    const left = await bench.cluster.list(kinds.service, { labelSelector: 'app=short' })
    expect(left.items).toEqual([])
  })

  test('the same fixed version again is a FAILURE by POST and 409 by PUT, and the first goes on', async () => {
    const id = await client.describe(plain('fixed', { newVersion: '1.0_A' }))
    const first = await client.deploy(id)
    expect(await client.settled(first)).toMatchObject({ status: 'DEPLOYED', version: '1-0-a' })
    const again = await client.deploy(id)
    expect(await client.settled(again)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(again)).toMatch(/version 1-0-a of fixed is deployed already/)
    const put = await client.ask('PUT', `/deployments/${first}/?namespace=default`)
    expect(put.status).toBe(409)
    expect(put.body).toMatch(/version 1-0-a of fixed is running as deployment/)
    expect(await client.deployment(first)).toMatchObject({ status: 'DEPLOYED' })
  })

  test('# after fixed versions goes on from the highest number', async () => {
    const id = await client.describe(plain('mixed', { newVersion: '7' }))
    expect(await client.settled(await client.deploy(id))).toMatchObject({ version: '7' })
    const next = await client.describe(plain('mixed'))
    expect(await client.settled(await client.deploy(next))).toMatchObject({
      status: 'DEPLOYED',
      version: '8',
    })
  })

  test('pods that are never ready are a FAILURE after the limit, without any health check', async () => {
    const bad = plain('never', { tag: 'v1-neverready' })
    const failed = await client.deploy(await client.describe(bad))
    expect(await client.settled(failed)).toMatchObject({ status: 'FAILURE', version: '1' })
    expect(await client.logs(failed)).toMatch(/0 of 2 pods are ready.*; the limit of 60 s is over/)
    for (const kind of [kinds.service, kinds.replicaSet, kinds.pod]) {
      const { items } = await bench.cluster.list(kind, { labelSelector: 'app=never' })
      expect(items).toEqual([])
    }
  })

  test('what the API server refuses is a FAILURE of that deployment, with its words', async () => {
    const bad = plain('refused', {
      podspec: { containers: [{ name: 'No Name', image: 'a', ports: [{ containerPort: 80 }] }] },
    })
    const failed = await client.deploy(await client.describe(bad))
    expect(await client.settled(failed)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(failed)).toMatch(/No Name/)
  })

  test('objects of others are left alone, and the deployment that needs their names fails', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'theirs', namespace: 'default' },
      spec: { ports: [{ port: 1 }], selector: { app: 'theirs' } },
    } as KubeObject
    await bench.cluster.create(kinds.service, service)
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'theirs', namespace: 'default', labels: { app: 'theirs' } },
      spec: { containers: [{ name: 'a', image: 'a:v1' }] },
    } as KubeObject
    await bench.cluster.create(kinds.pod, pod)
    const failed = await client.deploy(await client.describe(plain('theirs')))
    expect(await client.settled(failed)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(failed)).toMatch(/the Service theirs was made by somebody else/)
    const at = { namespace: 'default', name: 'theirs' }
    await bench.cluster.get(kinds.service, at)
    await bench.cluster.get(kinds.pod, at)
  })

  test('two active controllers of one application are a FAILURE', async () => {
    for (const name of ['twofold-1', 'twofold-2'])
      await bench.cluster.create(kinds.replicationController, {
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata: { name, namespace: 'default', labels: { app: 'twofold' } },
        spec: {
          replicas: 1,
          selector: { name },
          template: {
            metadata: { labels: { name } },
            spec: { containers: [{ name: 'a', image: 'a:v1' }] },
          },
        },
      } as KubeObject)
    const failed = await client.deploy(await client.describe(plain('twofold')))
    expect(await client.settled(failed)).toMatchObject({ status: 'FAILURE' })
    expect(await client.logs(failed)).toMatch(/more than one controller of twofold is active/)
  })

  test('an edit of the Release by hand is taken back, with an Event', async () => {
    const deployment = await client.deploy(await client.describe(plain('edited')))
    await client.settled(deployment)
    const at = { namespace: 'default', name: 'edited' }
    await bench.cluster.patch(kinds.release, at, 'merge', { spec: { replicas: 9 } })
    await expect
      .poll(async () => (await bench.cluster.get<Release>(kinds.release, at)).spec.replicas)
      .toBe(2)
    await expect
      .poll(async () => {
        const { items } = await bench.cluster.list<KubeObject & { readonly reason?: string }>(
          kinds.event,
        )
        return items.map(({ reason }) => reason)
      })
      .toContain('EditTakenBack')
  })

  test('the record alone is deleted where nothing is deployed', async () => {
    const failed = await client.deploy(
      await client.describe(plain('fixed', { newVersion: '1.0_A' })),
    )
    await client.settled(failed)
    const path = `/deployments/${failed}/?namespace=default`
    await client.ask('DELETE', `${path}&deleteDeployment=true`)
    await expect.poll(async () => (await client.ask('GET', path)).status).toBe(404)
    const { items } = await bench.cluster.list(kinds.release)
    expect(items.map(({ metadata }) => metadata.name)).toContain('fixed')
  })
})
