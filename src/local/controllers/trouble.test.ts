import { afterEach, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { HttpRequest, HttpResponse, Transport } from '#kube/http.ts'
import { type Clock, sleep } from '#kube/ports.ts'
import type { Deployment, Pod, ReplicaSet } from './shapes.ts'
import {
  alive,
  deployment,
  pod,
  podSpec,
  replicaSet,
  type SmallCluster,
  service,
  startSmallCluster,
} from './testing/small-cluster.ts'

let cluster: SmallCluster
afterEach(() => {
  lag.ms = 0
  return cluster.stop()
})

function answer(code: number, reason: string, message: string): HttpResponse {
  const body = JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason,
    message,
  })
  const headers = { 'content-type': 'application/json' }
  return {
    status: code,
    headers,
    body: (async function* () {
      yield body
    })(),
  }
}

/** Answers in place of the server where `fault` says so. */
function faulty(fault: (request: HttpRequest) => HttpResponse | undefined) {
  return (transport: Transport): Transport => ({
    close: transport.close,
    send: async (request, options) => fault(request) ?? transport.send(request, options),
  })
}

/** Set once the cluster is up, the controllers see everything so many milliseconds after it has happened. */
const lag = { ms: 0 }

function lagging(transport: Transport, clock: Clock): Transport {
  return {
    close: transport.close,
    send: async (request, options) => {
      const response = await transport.send(request, options)
      if (!/[?&]watch=(true|1)/.test(request.path)) return response
      return { ...response, body: delayed(response.body, clock) }
    },
  }
}

async function* delayed<T>(chunks: AsyncIterable<T>, clock: Clock): AsyncIterable<T> {
  const coming: Promise<T | undefined>[] = []
  let wake: () => void = () => undefined
  const pump = async (): Promise<void> => {
    for await (const chunk of chunks) {
      coming.push(lag.ms > 0 ? sleep(clock, lag.ms).then(() => chunk) : Promise.resolve(chunk))
      wake()
    }
    coming.push(Promise.resolve(undefined))
    wake()
  }
  void pump().catch(() => wake())
  for (;;) {
    const next = coming.shift()
    if (next === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      continue
    }
    const chunk = await next
    if (chunk === undefined) return
    yield chunk
  }
}

const createsPod = ({ method, path }: HttpRequest): boolean =>
  method === 'POST' && /\/pods(\?|$)/.test(path)

test('a quota that is used up is told as a condition and an Event, and forgotten when it is lifted', async () => {
  let full = true
  const said = 'pods "web" is forbidden: exceeded quota'
  cluster = await startSmallCluster({
    through: faulty((request) => {
      return full && createsPod(request) ? answer(403, 'Forbidden', said) : undefined
    }),
  })
  const sets = await cluster.see<ReplicaSet>(kinds.replicaSet)
  const conditions = () => sets.get('default/web')?.status?.conditions ?? []
  await cluster.api.create(kinds.replicaSet, replicaSet('web', 3))
  await cluster.until('it says so', () => conditions().length === 1)
  expect(conditions()[0]).toMatchObject({
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
  })
  expect(await cluster.events()).toContain(`FailedCreate: Error creating: ${said}`)
  full = false
  await cluster.until('three are ready', () => {
    return sets.get('default/web')?.status?.readyReplicas === 3 && conditions().length === 0
  })
})

test('a refused first pod keeps the others from being tried in the same pass', async () => {
  let tried = 0
  cluster = await startSmallCluster({
    through: faulty((request) => {
      if (!createsPod(request)) return undefined
      tried += 1
      return answer(403, 'Forbidden', 'no')
    }),
  })
  await cluster.api.create(kinds.replicaSet, replicaSet('web', 100))
  await cluster.time.advance(1_000)
  // Passes follow one another with doubling delays from 5 ms on: nine in the first second, or a few more.
  expect(tried).toBeGreaterThan(3)
  expect(tried).toBeLessThan(20)
})

test('conflicts and lost answers leave neither too many nor too few pods', async () => {
  let turn = 0
  cluster = await startSmallCluster({
    through: faulty(({ method }) => {
      turn += 1
      if (method === 'PUT' && turn % 3 === 0) return answer(409, 'Conflict', 'changed meanwhile')
      if (method !== 'GET' && turn % 5 === 0) return answer(500, 'InternalError', 'try again')
      return undefined
    }),
  })
  const pods = await cluster.see<Pod>(kinds.pod)
  const deployments = await cluster.see<Deployment>(kinds.deployment)
  let most = 0
  pods.subscribe(() => {
    most = Math.max(most, alive(pods).length)
  })
  await cluster.api.create(kinds.deployment, deployment('web', 5))
  const available = () => deployments.get('default/web')?.status?.availableReplicas
  await cluster.until('five are available', () => available() === 5, 600_000)
  const spec = { template: { spec: podSpec('shop:v2') } }
  const at = { namespace: 'default', name: 'web' }
  await cluster.api.patch(kinds.deployment, at, 'merge', { spec })
  await cluster.until(
    'all run v2',
    () => {
      const images = [...pods.values()].map((pod) => pod.spec.containers[0]?.image)
      return images.length === 5 && images.every((image) => image === 'shop:v2')
    },
    600_000,
  )
  expect(most).toBeLessThanOrEqual(7)
})

test('a late view of its own writes makes no controller do them again', async () => {
  cluster = await startSmallCluster({ through: lagging })
  lag.ms = 200
  const pods = await cluster.see<Pod>(kinds.pod)
  const sets = await cluster.see<ReplicaSet>(kinds.replicaSet)
  const slices = await cluster.see(kinds.endpointSlice)
  let most = 0
  pods.subscribe(() => {
    most = Math.max(most, pods.size())
  })
  await cluster.api.create(kinds.service, service('web'))
  await cluster.api.create(kinds.deployment, deployment('web', 4))
  await cluster.until('four are ready', () => {
    return [...sets.values()][0]?.status?.readyReplicas === 4
  })
  expect([most, sets.size(), slices.size()]).toEqual([4, 1, 1])
  const said = await cluster.events()
  expect(said.filter((event) => event.startsWith('SuccessfulCreate'))).toHaveLength(4)
})

test('an owner that is gone, though not yet to be seen as gone, takes no orphan with it', async () => {
  cluster = await startSmallCluster({ through: lagging })
  lag.ms = 200
  const pods = await cluster.see<Pod>(kinds.pod)
  const sets = await cluster.see<ReplicaSet>(kinds.replicaSet)
  await cluster.api.create(kinds.replicaSet, replicaSet('web', 1))
  await cluster.until('it is ready', () => {
    return sets.get('default/web')?.status?.readyReplicas === 1
  })
  await cluster.time.advance(5_000)
  // The orphan is seen before the end of the set: its kind has another stream.
  await cluster.api.create(kinds.pod, pod('orphan', { app: 'web' }))
  await cluster.time.advance(150)
  await cluster.api.remove(kinds.replicaSet, { namespace: 'default', name: 'web' })
  await cluster.time.advance(60_000)
  expect([...pods.keys()]).toEqual(['default/orphan'])
  expect(pods.get('default/orphan')?.metadata.ownerReferences ?? []).toEqual([])
})
