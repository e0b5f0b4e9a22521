/** A copy of a server: it holds the same, serves the same kinds, and goes its own way from there. */
import { expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { connectTo } from '#kube/connect.ts'
import type { Ports } from '#kube/ports.ts'
import { virtualClock } from '#kube/virtual-clock.ts'
import { gatewayApiCrds } from '#local/crds/gateway-api.ts'
import { type ApiServer, copyApiServer, createApiServer } from './api-server.ts'

function portsOf(prefix: string): Ports {
  let count = 0
  const newId = (): string => {
    count += 1
    return `${prefix}-${count}`
  }
  return { clock: virtualClock().clock, random: () => 0.5, newId }
}

const config = (name: string, text: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { text },
})

function clientOf(server: ApiServer) {
  return connectTo(server.transport(), portsOf('client'))
}

test('a copy holds and serves the same, and neither sees what is written to the other', async () => {
  const original = await createApiServer(portsOf('one'))
  const first = clientOf(original)
  const [route] = gatewayApiCrds().filter(({ metadata }) => metadata.name.startsWith('httproutes'))
  if (route === undefined) throw new Error('there is no HTTPRoute')
  await first.create(kinds.customResourceDefinition, route)
  await first.create(kinds.configMap, config('kept', 'before'))

  const copy = copyApiServer(original, portsOf('two'), { tracksOwners: false })
  const second = clientOf(copy)
  expect(copy.store.revision()).toBe(original.store.revision())
  expect((await second.list(kinds.httpRoute)).items).toEqual([])
  const at = { namespace: 'default', name: 'kept' }
  await second.patch(kinds.configMap, at, 'merge', { data: { text: 'after' } })
  await second.create(kinds.configMap, config('new', 'mine'))
  expect(await first.get(kinds.configMap, at)).toMatchObject({ data: { text: 'before' } })
  const names = async (client: typeof first): Promise<readonly string[]> =>
    (await client.list(kinds.configMap, { namespace: 'default' })).items.map(
      ({ metadata }) => metadata.name,
    )
  expect(await names(first)).toEqual(['kept'])
  expect(await names(second)).toEqual(['kept', 'new'])
  await first.remove(kinds.configMap, at)
  expect(await names(second)).toEqual(['kept', 'new'])
})

test('a copy remembers nothing of how its objects came to be', async () => {
  const original = await createApiServer(portsOf('one'))
  const since = original.store.revision()
  await clientOf(original).create(kinds.configMap, config('kept', 'before'))
  expect(original.store.changesSince('configmaps', since)).toHaveLength(1)
  const copy = copyApiServer(original, portsOf('two'))
  expect(copy.store.changesSince('configmaps', since)).toBe(copy.store.revision())
})

test('where nobody asks who wrote what, it is not written down', async () => {
  const server = await createApiServer(portsOf('one'), { tracksOwners: false })
  const made = await clientOf(server).create(kinds.configMap, config('kept', 'before'))
  expect(made.metadata).not.toHaveProperty('managedFields')
})
