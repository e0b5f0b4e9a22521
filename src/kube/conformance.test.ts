/**
 * The client against the local cluster's API server, over TLS and in memory: what one says, the
 * other understands.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { type RunningApiServer, startApiServer } from '#local/api-server/start.ts'
import { loadConfig } from './config.ts'
import { type ConnectedCluster, connectTo } from './connect.ts'
import { isKube } from './errors.ts'
import { systemPorts } from './system.ts'
import { type Sample, sample } from './testing/objects.ts'
import { socketTransport } from './transport.ts'

type Config = Sample & { readonly data?: Readonly<Record<string, string>> }

const ports = systemPorts()
let server: RunningApiServer
const clusters: Record<string, ConnectedCluster> = {}

beforeAll(async () => {
  server = await startApiServer({ ports })
  const folder = await mkdtemp(join(tmpdir(), 'headgate-'))
  const path = join(folder, 'config')
  await writeFile(path, server.kubeconfig())
  const config = await loadConfig({ kubeconfig: path })
  await rm(folder, { recursive: true })
  clusters['TLS'] = connectTo(socketTransport(config, ports), ports)
  clusters['memory'] = connectTo(server.transport(), ports)
})
afterAll(async () => {
  await Promise.all(Object.values(clusters).map((cluster) => cluster.close()))
  await server.close()
})

const settled = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** An object to create: no uid, no version. */
function fresh(name: string, namespace: string, labels: Record<string, string> = {}): Config {
  const { apiVersion, kind } = sample(name, '')
  return { apiVersion, kind, metadata: { namespace, name, labels }, data: { x: '1' } }
}

for (const way of ['TLS', 'memory']) {
  const space = `space-${way.toLowerCase()}`
  test(`over ${way}: create, list by page, watch, patch, delete by uid`, async () => {
    const cluster = clusters[way]
    assert.ok(cluster)
    await cluster.create(kinds.namespace, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: space },
    })
    const names = Array.from({ length: 7 }, (_, i) => `c${i}`)
    await Promise.all(
      names.map((name) => cluster.create(kinds.configMap, fresh(name, space, { parity: 'any' }))),
    )
    const options = { namespace: space, labelSelector: 'parity=any', pageSize: 3 }
    const list = await cluster.list<Config>(kinds.configMap, options)
    assert.deepEqual(list.items.map(({ metadata }) => metadata.name).sort(), names)
    assert.equal(list.items[0]?.kind, 'ConfigMap')

    const cache = cluster.watch<Config>(kinds.configMap, {
      namespace: space,
      labelSelector: 'parity=any',
    })
    await cache.synced()
    assert.deepEqual([cache.size(), cache.trouble()], [7, undefined])

    const at = { namespace: space, name: 'c0' }
    const patched = await cluster.patch<Config>(kinds.configMap, at, 'merge', { data: { x: '2' } })
    assert.equal(patched.data?.['x'], '2')
    await settled(() => cache.get(`${space}/c0`)?.data?.['x'] === '2')

    const stale = { ...patched, metadata: { ...patched.metadata, resourceVersion: '1' } }
    const conflict = await cluster.replace(kinds.configMap, stale).catch((error: unknown) => error)
    assert.ok(isKube(conflict, 'Conflict'))
    const wrong = await cluster
      .remove(kinds.configMap, at, { uid: 'another' })
      .catch((e: unknown) => e)
    assert.ok(isKube(wrong, 'Conflict'))
    await cluster.remove(kinds.configMap, at, { uid: patched.metadata.uid ?? '' })
    await settled(() => cache.size() === 6)
    const missing = await cluster.get(kinds.configMap, at).catch((error: unknown) => error)
    assert.ok(isKube(missing, 'NotFound'))
    await cache.stop()
  })

  test(`over ${way}: server-side apply owns what it names`, async () => {
    const cluster = clusters[way]
    assert.ok(cluster)
    const at = { namespace: space, name: 'applied' }
    await cluster.create(kinds.configMap, fresh('applied', space))
    const apply = { apiVersion: 'v1', kind: 'ConfigMap', data: { y: '3' } }
    const write = { fieldManager: 'test', force: true }
    const applied = await cluster.patch<Config>(kinds.configMap, at, 'apply', apply, write)
    assert.deepEqual(applied.data, { x: '1', y: '3' })
  })
}
