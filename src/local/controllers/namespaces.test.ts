import { afterEach, beforeEach, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { pod, type SmallCluster, startSmallCluster } from './testing/small-cluster.ts'

let cluster: SmallCluster

beforeEach(async () => {
  cluster = await startSmallCluster()
})
afterEach(() => cluster.stop())

const team = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } }
const at = (name: string) => ({ namespace: 'team', name })

test('every namespace gets a ServiceAccount, again when it is deleted', async () => {
  const accounts = await cluster.see(kinds.serviceAccount)
  await cluster.api.create(kinds.namespace, team)
  await cluster.until('it is there', () => accounts.get('team/default') !== undefined)
  const first = accounts.get('team/default')?.metadata.uid
  await cluster.api.remove(kinds.serviceAccount, at('default'))
  await cluster.until('there is another', () => {
    const uid = accounts.get('team/default')?.metadata.uid
    return uid !== undefined && uid !== first
  })
})

test('a deleted namespace is emptied and goes when the last pod has ended', async () => {
  const namespaces = await cluster.see(kinds.namespace)
  const pods = await cluster.see(kinds.pod)
  const accounts = await cluster.see(kinds.serviceAccount)
  await cluster.api.create(kinds.namespace, team)
  await cluster.until('it is ready', () => accounts.get('team/default') !== undefined)
  await cluster.api.create(kinds.pod, { ...pod('p'), metadata: at('p') })
  await cluster.api.create(kinds.configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...at('held'), finalizers: ['example.com/hold'] },
  })
  await cluster.time.advance(1_000)
  await cluster.api.remove(kinds.namespace, { name: 'team' })
  await cluster.until('the pod is gone', () => pods.size() === 0)
  await cluster.time.advance(2_000)
  const held = namespaces.get('team') as unknown as {
    status: { phase: string; conditions: { type: string; status: string; message: string }[] }
  }
  expect(held.status.phase).toBe('Terminating')
  expect(held.status.conditions.filter(({ status }) => status === 'True')).toMatchObject([
    { type: 'NamespaceContentRemaining' },
    {
      type: 'NamespaceFinalizersRemaining',
      message:
        'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    },
  ])
  await cluster.api.patch(kinds.configMap, at('held'), 'merge', { metadata: { finalizers: [] } })
  await cluster.until('the namespace is gone', () => namespaces.get('team') === undefined)
})
