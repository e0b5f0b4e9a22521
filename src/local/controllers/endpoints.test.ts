import { afterEach, beforeEach, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { Cache } from '#kube/cluster.ts'
import type { EndpointSlice, Endpoints, Pod } from './shapes.ts'
import {
  pod,
  podSpec,
  type SmallCluster,
  service,
  startSmallCluster,
} from './testing/small-cluster.ts'

let cluster: SmallCluster
let slices: Cache<EndpointSlice>
let endpoints: Cache<Endpoints>
let pods: Cache<Pod>

beforeEach(async () => {
  cluster = await startSmallCluster({ pods: { stopMs: 2_000 } })
  slices = await cluster.see<EndpointSlice>(kinds.endpointSlice)
  endpoints = await cluster.see<Endpoints>(kinds.endpoints)
  pods = await cluster.see<Pod>(kinds.pod)
})
afterEach(() => cluster.stop())

const at = (name: string) => ({ namespace: 'default', name })
const of = (name: string): readonly EndpointSlice[] =>
  [...slices.values()].filter(
    ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name,
  )
/** The pods of a Service with the first letters of their true conditions: ready, serving, terminating. */
const marks = (name: string): Record<string, string> =>
  Object.fromEntries(
    of(name)
      .flatMap(({ endpoints: list }) => list ?? [])
      .map(({ targetRef, conditions }) => [
        targetRef?.name ?? '',
        `${conditions.ready ? 'r' : '-'}${conditions.serving ? 's' : '-'}${conditions.terminating ? 't' : '-'}`,
      ]),
  )

test('a ready pod stands in the slice and in the Endpoints of its Service', async () => {
  await cluster.api.create(kinds.service, service('web'))
  await cluster.api.create(kinds.pod, pod('p1', { app: 'web' }))
  await cluster.until('it is ready', () => marks('web')['p1'] === 'rs-')
  const [slice] = of('web')
  const ip = pods.get('default/p1')?.status?.podIP ?? ''
  const targetRef = {
    kind: 'Pod',
    namespace: 'default',
    name: 'p1',
    uid: pods.get('default/p1')?.metadata.uid,
  }
  expect(slice?.metadata.name).toMatch(/^web-[a-z0-9]{5}$/)
  expect(slice?.metadata.labels).toMatchObject({
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    'kubernetes.io/service-name': 'web',
  })
  expect(slice?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Service', name: 'web' })
  expect(slice).toMatchObject({
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: [
      {
        addresses: [ip],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: 'local',
        targetRef,
      },
    ],
  })
  await cluster.until('the Endpoints name it', () => {
    return endpoints.get('default/web')?.subsets?.[0]?.addresses?.length === 1
  })
  expect(endpoints.get('default/web')?.subsets).toEqual([
    { addresses: [{ ip, nodeName: 'local', targetRef }], ports: [{ port: 8080, protocol: 'TCP' }] },
  ])
})

test('a Service before its first pod has one empty slice and empty Endpoints', async () => {
  await cluster.api.create(kinds.service, service('web'))
  await cluster.until('both are there', () => slices.size() === 1 && endpoints.size() === 1)
  expect(of('web')[0]?.endpoints ?? []).toEqual([])
})

test('a pod that is not ready is listed and not ready, unless the Service wants it anyway', async () => {
  const publishNotReadyAddresses = true
  const selector = { app: 'web' }
  await cluster.api.create(kinds.service, service('web'))
  await cluster.api.create(kinds.service, service('any', { publishNotReadyAddresses, selector }))
  const spec = podSpec('shop:v1-neverready')
  await cluster.api.create(kinds.pod, pod('p1', { app: 'web' }, spec))
  await cluster.until('it is listed', () => marks('web')['p1'] === '---')
  await cluster.until('it is published', () => marks('any')['p1'] === 'r--')
  expect(endpoints.get('default/web')?.subsets?.[0]?.addresses ?? []).toEqual([])
  expect(endpoints.get('default/web')?.subsets?.[0]?.notReadyAddresses).toHaveLength(1)
})

test('a pod on its way out serves and is not ready, then goes', async () => {
  await cluster.api.create(kinds.service, service('web'))
  await cluster.api.create(kinds.pod, pod('p1', { app: 'web' }))
  await cluster.until('it is ready', () => marks('web')['p1'] === 'rs-')
  await cluster.api.remove(kinds.pod, at('p1'))
  await cluster.until('it is terminating', () => marks('web')['p1'] === '-st')
  expect(pods.get('default/p1')?.status?.containerStatuses?.[0]?.state).toHaveProperty('running')
  await cluster.until('it is gone', () => marks('web')['p1'] === undefined && pods.size() === 0)
  await cluster.until('the Endpoints are empty', () => {
    return (endpoints.get('default/web')?.subsets ?? []).length === 0
  })
})

test('a named port is found in each pod, and pods with other ports have a slice of their own', async () => {
  const ports = [{ name: 'web', port: 80, targetPort: 'http' }]
  await cluster.api.create(kinds.service, service('web', { ports }))
  const other = {
    containers: [{ name: 'app', image: 'shop:v1', ports: [{ name: 'http', containerPort: 3000 }] }],
  }
  await cluster.api.create(kinds.pod, pod('p1', { app: 'web' }))
  await cluster.api.create(kinds.pod, pod('p2', { app: 'web' }, other))
  await cluster.until('both are ready', () => {
    return marks('web')['p1'] === 'rs-' && marks('web')['p2'] === 'rs-'
  })
  const numbers = of('web').map(({ ports: own }) => own?.[0])
  expect(numbers.toSorted((a, b) => (a?.port ?? 0) - (b?.port ?? 0))).toEqual([
    { name: 'web', port: 3000, protocol: 'TCP' },
    { name: 'web', port: 8080, protocol: 'TCP' },
  ])
})

test('a relabelled pod moves from one Service to the other', async () => {
  await cluster.api.create(kinds.service, service('blue'))
  await cluster.api.create(kinds.service, service('green'))
  await cluster.api.create(kinds.pod, pod('p1', { app: 'blue' }))
  await cluster.until('blue has it', () => marks('blue')['p1'] === 'rs-')
  await cluster.api.patch(kinds.pod, at('p1'), 'merge', { metadata: { labels: { app: 'green' } } })
  await cluster.until('green has it', () => marks('green')['p1'] === 'rs-')
  await cluster.until('blue has not', () => marks('blue')['p1'] === undefined)
})

test('follows the selector and the ports of the Service', async () => {
  await cluster.api.create(kinds.service, service('web'))
  await cluster.api.create(kinds.pod, pod('p1', { app: 'web' }))
  await cluster.api.create(kinds.pod, pod('p2', { app: 'other' }))
  await cluster.until('p1 is in', () => marks('web')['p1'] === 'rs-')
  const spec = { selector: { app: 'other' } }
  await cluster.api.patch(kinds.service, at('web'), 'merge', { spec })
  await cluster.until('p2 is in', () => marks('web')['p2'] === 'rs-')
  await cluster.until('p1 is out', () => marks('web')['p1'] === undefined)
})

test('leaves Services without a selector to others', async () => {
  const { selector: _, ...spec } = service('by-hand').spec
  await cluster.api.create(kinds.service, { ...service('by-hand'), spec })
  await cluster.api.create(kinds.service, service('web'))
  await cluster.until('the other has its slice', () => of('web').length === 1)
  expect(of('by-hand')).toEqual([])
})

test('what it made goes with the Service', async () => {
  await cluster.api.create(kinds.service, service('web'))
  await cluster.until('both are there', () => slices.size() === 1 && endpoints.size() === 1)
  await cluster.api.remove(kinds.service, at('web'))
  await cluster.until('both are gone', () => slices.size() === 0 && endpoints.size() === 0)
})

test('a slice holds a hundred pods', async () => {
  await cluster.api.create(kinds.service, service('web'))
  const names = Array.from({ length: 105 }, (_, index) => `p${index}`)
  await Promise.all(names.map((name) => cluster.api.create(kinds.pod, pod(name, { app: 'web' }))))
  await cluster.until('all are ready', () => {
    const all = Object.values(marks('web'))
    return all.length === 105 && all.every((mark) => mark === 'rs-')
  })
  expect(of('web').every(({ endpoints: list }) => (list ?? []).length <= 100)).toBe(true)
  expect(new Set([...pods.values()].map(({ status }) => status?.podIP)).size).toBe(105)
})
