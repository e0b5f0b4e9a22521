/** How fast a watch is taken in: lines of a stream into a cache, as they come when many objects change at once. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { connectTo } from '#kube/connect.ts'
import type { HttpResponse, Transport } from '#kube/http.ts'
import { systemPorts } from '#kube/system.ts'
import { type Row, spread } from './table.ts'

const objects = 10_000
const rounds = 5
/** How much of a stream arrives at a time. */
const chunkBytes = 64 * 1024

/** Ten thousand pods as initial events, then each of them changed once, five times over. */
export async function watchRows(): Promise<readonly Row[]> {
  const perSecond: number[] = []
  const synced: number[] = []
  let bytes = 0
  for (let round = 0; round < rounds; round += 1) {
    const measured = await measure()
    synced.push(measured.syncedMs)
    perSecond.push((objects * 1000) / measured.changedMs)
    bytes = measured.bytes / objects
  }
  const { median, min } = spread(perSecond)
  const first = spread(synced)
  return [
    {
      id: 'K1',
      what: `watch ingest: changes of ${objects.toLocaleString('en')} pods, ${Math.round(bytes)} bytes each, a second and core`,
      value: `median ${Math.round(median).toLocaleString('en')}, slowest round ${Math.round(min).toLocaleString('en')}`,
      target: '',
      met: undefined,
    },
    {
      id: 'K1',
      what: `a cache of ${objects.toLocaleString('en')} pods filled from a watch`,
      value: `median ${Math.round(first.median)} ms, slowest ${Math.round(first.max)} ms`,
      target: '',
      met: undefined,
    },
  ]
}

type Measured = { readonly syncedMs: number; readonly changedMs: number; readonly bytes: number }

async function measure(): Promise<Measured> {
  const initial = Array.from({ length: objects }, (_, index) => line('ADDED', pod(index, 1)))
  const changes = Array.from({ length: objects }, (_, index) =>
    line('MODIFIED', pod(index, objects + 2 + index)),
  )
  const change = Promise.withResolvers<void>()
  const transport = replay(
    [...initial, endOfList(objects + 1)].join(''),
    change.promise,
    changes.join(''),
  )
  const client = connectTo(transport, systemPorts())
  const startedAt = performance.now()
  const cache = client.watch<KubeObject>(kinds.pod)
  await cache.synced()
  const syncedMs = performance.now() - startedAt
  const all = Promise.withResolvers<void>()
  let seen = 0
  cache.subscribe((one) => {
    if (one.type === 'put' && one.before !== undefined) seen += 1
    if (seen === objects) all.resolve()
  })
  const changedAt = performance.now()
  change.resolve()
  await all.promise
  const changedMs = performance.now() - changedAt
  await client.close()
  return { syncedMs, changedMs, bytes: changes.join('').length }
}

/** A server of one watch: what is there, then, when asked for, what changes. It stays open until the client has had enough. */
function replay(initial: string, mayChange: Promise<void>, changes: string): Transport {
  return {
    send: async (_request, options): Promise<HttpResponse> => {
      const ended = new Promise<void>((resolve) => {
        options?.signal?.addEventListener('abort', () => resolve())
      })
      async function* body(): AsyncGenerator<Uint8Array> {
        yield* chunks(initial)
        await mayChange
        yield* chunks(changes)
        await ended
      }
      return { status: 200, headers: { 'content-type': 'application/json' }, body: body() }
    },
    close: async () => {},
  }
}

function* chunks(text: string): Generator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

function line(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`
}

function endOfList(version: number): string {
  const annotations = { 'k8s.io/initial-events-end': 'true' }
  const metadata = { resourceVersion: String(version), annotations, creationTimestamp: null }
  return line('BOOKMARK', { apiVersion: 'v1', kind: 'Pod', metadata })
}

/** As large as a pod of a small service is on the wire. */
function pod(index: number, version: number) {
  const name = `shop-6f9c7d5b4-${String(index).padStart(5, '0')}`
  const at = '2026-01-01T00:00:00Z'
  const conditions = [
    'PodReadyToStartContainers',
    'Initialized',
    'Ready',
    'ContainersReady',
    'PodScheduled',
  ]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      resourceVersion: String(version),
      creationTimestamp: at,
      labels: { app: 'shop', 'pod-template-hash': '6f9c7d5b4', 'headgate.dev/release': 'shop' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'shop-6f9c7d5b4',
          uid: 'u',
          controller: true,
        },
      ],
    },
    spec: {
      containers: [
        { name: 'app', image: 'shop:v1', ports: [{ containerPort: 8080 }], resources: {} },
      ],
      nodeName: 'local',
      restartPolicy: 'Always',
      serviceAccountName: 'default',
      terminationGracePeriodSeconds: 30,
    },
    status: {
      phase: 'Running',
      podIP: '10.244.0.2',
      startTime: at,
      conditions: conditions.map((type) => ({ type, status: 'True', lastTransitionTime: at })),
      containerStatuses: [
        {
          name: 'app',
          image: 'shop:v1',
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: at } },
        },
      ],
    },
  }
}
