/** What goes over the wire for each verb. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import {
  collectionPath,
  createRequest,
  getRequest,
  listRequest,
  objectPath,
  patchRequest,
  removeRequest,
  replaceRequest,
  watchRequest,
} from './request.ts'
import { sample } from './testing/objects.ts'

const at = { namespace: 'shop', name: 'a' }

const paths: readonly [string, string][] = [
  [collectionPath(kinds.pod), '/api/v1/pods'],
  [collectionPath(kinds.pod, 'shop'), '/api/v1/namespaces/shop/pods'],
  [collectionPath(kinds.node, 'ignored'), '/api/v1/nodes'],
  [collectionPath(kinds.deployment, 'shop'), '/apis/apps/v1/namespaces/shop/deployments'],
  [
    objectPath(kinds.release, at, 'status'),
    '/apis/headgate.dev/v1alpha1/namespaces/shop/releases/a/status',
  ],
  [objectPath(kinds.node, { name: 'a/../b?c#d%' }), '/api/v1/nodes/a%2F..%2Fb%3Fc%23d%25'],
  [getRequest(kinds.configMap, at).path, '/api/v1/namespaces/shop/configmaps/a'],
  [
    listRequest(kinds.pod, {
      labelSelector: 'app in (a,b)',
      limit: 500,
      resourceVersion: '0',
      resourceVersionMatch: 'NotOlderThan',
    }).path,
    '/api/v1/pods?labelSelector=app%20in%20(a%2Cb)&limit=500&resourceVersion=0&resourceVersionMatch=NotOlderThan',
  ],
  [listRequest(kinds.pod, { resourceVersion: '' }).path, '/api/v1/pods'],
  [
    listRequest(kinds.pod, {
      limit: 5,
      continue: 'tok',
      resourceVersion: '7',
      resourceVersionMatch: 'Exact',
    }).path,
    '/api/v1/pods?limit=5&continue=tok',
  ],
  [
    watchRequest(kinds.pod, {
      namespace: 'shop',
      fieldSelector: 'spec.nodeName=n',
      resourceVersion: '7',
      timeoutSeconds: 300,
    }).path,
    '/api/v1/namespaces/shop/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&fieldSelector=spec.nodeName%3Dn&resourceVersion=7',
  ],
  [
    watchRequest(kinds.pod, { timeoutSeconds: 400, sendInitialEvents: true }).path,
    '/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=400&sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
  ],
  [
    createRequest(kinds.configMap, sample('a', '', {}), { fieldManager: 'm', dryRun: true }).path,
    '/api/v1/namespaces/default/configmaps?fieldManager=m&dryRun=All',
  ],
  [
    createRequest(kinds.pod, sample('a', ''), { subresource: 'eviction' }).path,
    '/api/v1/namespaces/default/pods/a/eviction',
  ],
  [
    replaceRequest(kinds.configMap, sample('a', 1), { subresource: 'status' }).path,
    '/api/v1/namespaces/default/configmaps/a/status',
  ],
]
for (const [path, expected] of paths) test(expected, () => assert.equal(path, expected))

const patches = [
  ['merge', 'application/merge-patch+json', false],
  ['json', 'application/json-patch+json', false],
  ['strategic', 'application/strategic-merge-patch+json', false],
  ['apply', 'application/apply-patch+yaml', true],
] as const
for (const [type, contentType, forced] of patches) {
  test(`${type} goes as ${contentType}${forced ? ' and may be forced' : ''}`, () => {
    const options = { fieldManager: 'm', force: true }
    const request = patchRequest(kinds.configMap, at, { type, body: { a: 1 } }, options)
    assert.equal(request.method, 'PATCH')
    assert.equal(request.headers['content-type'], contentType)
    assert.equal(request.path.includes('force=true'), forced)
    assert.equal(request.body, '{"a":1}')
  })
}

test('a deletion carries its preconditions and says what becomes of the children', () => {
  const options = {
    uid: 'u',
    resourceVersion: '7',
    propagation: 'Foreground',
    gracePeriodSeconds: 0,
  } as const
  const body = JSON.parse(removeRequest(kinds.pod, at, options).body ?? '')
  assert.deepEqual(body, {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid: 'u', resourceVersion: '7' },
    propagationPolicy: 'Foreground',
    gracePeriodSeconds: 0,
  })
  const plain = JSON.parse(removeRequest(kinds.pod, at, {}).body ?? '')
  assert.deepEqual(plain, { apiVersion: 'v1', kind: 'DeleteOptions' })
})

for (const name of ['', '.', '..']) {
  test(`a name ${JSON.stringify(name)} is refused before it becomes another path`, () => {
    assert.throws(
      () => getRequest(kinds.pod, { namespace: 'shop', name }),
      /cannot stand in a path/,
    )
    assert.throws(() => collectionPath(kinds.pod, name), /cannot stand in a path/)
  })
}

test('a namespaced object without a namespace is refused', () => {
  assert.throws(() => getRequest(kinds.pod, { name: 'a' }), /a Pod lives in a namespace/)
})
