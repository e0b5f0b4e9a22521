import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, ObjectMeta } from '#core/k8s/meta.ts'
import type { Cache } from '#kube/cluster.ts'
import type { Pod, ReplicaSet } from './shapes.ts'
import {
  inDefault,
  replicaSet,
  type SmallCluster,
  startSmallCluster,
} from './testing/small-cluster.ts'

let cluster: SmallCluster
let maps: Cache<KubeObject>

beforeEach(async () => {
  cluster = await startSmallCluster()
  maps = await cluster.see(kinds.configMap)
})
afterEach(() => cluster.stop())

const at = (name: string) => ({ namespace: 'default', name })

async function configMap(
  name: string,
  owners: readonly KubeObject[] = [],
  more: Partial<ObjectMeta> = {},
): Promise<KubeObject> {
  const ownerReferences = owners.map(({ apiVersion, kind, metadata }) => ({
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    blockOwnerDeletion: true,
  }))
  return cluster.api.create(kinds.configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...at(name), ownerReferences, ...more },
  })
}

test('deletes what its owner leaves behind, over several steps', async () => {
  const top = await configMap('top')
  const middle = await configMap('middle', [top])
  await configMap('bottom', [middle])
  await configMap('stranger')
  await cluster.api.remove(kinds.configMap, at('top'))
  await cluster.until('only the stranger is left', () => maps.size() === 1)
  expect(maps.get('default/stranger')).toBeDefined()
})

test('what has another owner stays, and forgets the one that is gone', async () => {
  const first = await configMap('first')
  const second = await configMap('second')
  await configMap('both', [first, second])
  await cluster.api.remove(kinds.configMap, at('first'))
  await cluster.until('one owner is left', () => {
    return maps.get('default/both')?.metadata.ownerReferences?.length === 1
  })
  expect(maps.get('default/both')?.metadata.ownerReferences?.[0]?.name).toBe('second')
  await cluster.api.remove(kinds.configMap, at('second'))
  await cluster.until('it is gone', () => maps.size() === 0)
})

test('an owner of the same name and another uid is not the owner', async () => {
  const owner = await configMap('owner')
  const stale = { ...owner, metadata: { ...owner.metadata, uid: 'another' } }
  await configMap('dependent', [stale])
  await cluster.until('it is gone', () => maps.get('default/dependent') === undefined)
  expect(maps.get('default/owner')).toBeDefined()
})

test('an owner of unknown kind is not taken for gone', async () => {
  const metadata = { ...at('x'), uid: 'unknown' }
  await configMap('dependent', [{ apiVersion: 'example.com/v1', kind: 'Thing', metadata }])
  await cluster.time.advance(120_000)
  expect(maps.get('default/dependent')).toBeDefined()
})

test('foreground deletion waits for those that block', async () => {
  const owner = await configMap('owner')
  await configMap('held', [owner], { finalizers: ['example.com/hold'] })
  await configMap('free', [owner])
  await cluster.api.remove(kinds.configMap, at('owner'), { propagation: 'Foreground' })
  await cluster.until('the free one is gone', () => maps.get('default/free') === undefined)
  await cluster.time.advance(5_000)
  expect(maps.get('default/owner')?.metadata.finalizers).toEqual(['foregroundDeletion'])
  expect(maps.get('default/held')?.metadata.deletionTimestamp).toBeDefined()
  const metadata = { finalizers: [] }
  await cluster.api.patch(kinds.configMap, at('held'), 'merge', { metadata })
  await cluster.until('all are gone', () => maps.size() === 0)
})

test('orphaning keeps the dependents without their owner', async () => {
  const owner = await configMap('owner')
  await configMap('dependent', [owner])
  await cluster.api.remove(kinds.configMap, at('owner'), { propagation: 'Orphan' })
  await cluster.until('the owner is gone', () => maps.get('default/owner') === undefined)
  await cluster.time.advance(5_000)
  expect(maps.get('default/dependent')?.metadata.ownerReferences ?? []).toEqual([])
})

test('objects of custom kinds are collected like any other', async () => {
  const widget: Kind = {
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
    plural: 'widgets',
    namespaced: true,
  }
  const schema = { openAPIV3Schema: { type: 'object' } }
  await cluster.api.create(kinds.customResourceDefinition, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  } as KubeObject)
  const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: at('w') }
  let owner: KubeObject | undefined
  void cluster.api.create(widget, object).then((made) => {
    owner = made
  })
  await cluster.until('it is made', () => owner !== undefined)
  await configMap('dependent', owner === undefined ? [] : [owner])
  await cluster.time.advance(1_000)
  expect(maps.get('default/dependent')).toBeDefined()
  await cluster.api.remove(widget, at('w'))
  await cluster.until('the dependent is gone', () => maps.size() === 0)
})

test('a deleted ReplicaSet takes its pods along, in the foreground before it goes itself', async () => {
  const pods = await cluster.see<Pod>(kinds.pod)
  const sets = await cluster.see<ReplicaSet>(kinds.replicaSet)
  await cluster.api.create(kinds.replicaSet, replicaSet('web', 3))
  await cluster.until('three are ready', () => {
    return sets.get(inDefault('web'))?.status?.readyReplicas === 3
  })
  let left = 0
  sets.subscribe((change) => {
    if (change.type === 'gone') left = pods.size()
  })
  await cluster.api.remove(kinds.replicaSet, at('web'), { propagation: 'Foreground' })
  await cluster.until('the set is gone', () => sets.size() === 0)
  expect(left).toBe(0)
  expect(pods.size()).toBe(0)
})
