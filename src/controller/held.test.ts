/** What is held of an object says all that a pass may ask, and none of what nobody asks. */
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import { httpRoute, release } from '#test/gen/release.ts'
import { HeldObject, ServiceHeld, SliceHeld } from './held.ts'

const version = { resourceVersion: '7' }

function stored<T extends KubeObject>(object: T): T {
  return { ...object, metadata: { uid: 'an-uid', ...object.metadata, ...version } }
}

describe('a whole object', () => {
  test.each([
    ['a Release', stored(release())],
    ['an HTTPRoute', stored(httpRoute(80, 20))],
    [
      'a cluster-wide one',
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', uid: 'u', ...version } },
    ],
  ])('%s comes back as it was', (_name, object) => {
    expect(new HeldObject(object).read()).toEqual(object)
  })

  test('comes back without field ownership and without the copy that kubectl apply leaves', () => {
    const { metadata, ...rest } = stored(release())
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'kept' }
    const read = new HeldObject({
      ...rest,
      metadata: { ...metadata, annotations, managedFields: [{ manager: 'kubectl' }] },
    } as KubeObject).read()
    expect(read.metadata).toEqual({ ...metadata, annotations: { note: 'kept' } })
  })

  test('shows in the open what a cache tells objects and versions apart by', () => {
    const held = new HeldObject(stored(release()))
    const { name, namespace, uid, resourceVersion } = held.metadata
    expect([name, namespace, uid, resourceVersion, held.generation]).toEqual([
      ...['shop', 'default', 'release-uid', '7'],
      1,
    ])
  })

  test('each reading is a new one: nobody can change what is held', () => {
    const held = new HeldObject(stored(release()))
    Object.assign(held.read().metadata, { name: 'other' })
    expect(held.read().metadata.name).toBe('shop')
  })
})

test('a Service tells its owner, and whether that is the one who asks', () => {
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'Release',
    name: 'shop',
    uid: 'one',
    controller: true,
  }
  const metadata = { name: 'shop-stable', namespace: 'default', ownerReferences: [owner] }
  const held = new ServiceHeld(metadata, { app: 'shop' }, [{ port: 80 }])
  expect([held.isOwnedBy('one'), held.isOwnedBy('two')]).toEqual([true, false])
  expect(held.read()).toEqual({
    selector: { app: 'shop' },
    ports: [{ port: 80 }],
    owner: 'Release shop',
  })
})

test('a slice tells its endpoints', () => {
  const endpoints = [
    { pod: 'shop-1', ready: true, ip: '10.0.0.1' },
    { pod: 'shop-2', ready: false, ip: undefined },
  ]
  const held = new SliceHeld({ name: 'shop-x', namespace: 'default' }, 'shop', endpoints)
  expect(held.endpoints()).toEqual(endpoints)
})
