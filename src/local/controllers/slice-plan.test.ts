import { expect, test } from 'vitest'
import type { Backend } from './service-endpoints.ts'
import type { EndpointSlice, SliceEndpoint } from './shapes.ts'
import { planSlices } from './slice-plan.ts'

const ports = [{ name: '', port: 8080, protocol: 'TCP' }]

const endpoint = (index: number, ready = true): SliceEndpoint => ({
  addresses: [`10.244.0.${index}`],
  conditions: { ready, serving: ready, terminating: false },
  targetRef: { kind: 'Pod', name: `p${index}`, uid: `u${index}` },
})

const backend = (index: number, ready = true): Backend => ({
  pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: `p${index}` }, spec: { containers: [] } },
  ip: `10.244.0.${index}`,
  ports,
  endpoint: endpoint(index, ready),
})

const slice = (name: string, endpoints: readonly SliceEndpoint[], at = ports): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name },
  addressType: 'IPv4',
  ports: at,
  endpoints,
})

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

test('a Service without pods keeps one empty slice', () => {
  const plan = planSlices([], [])
  expect(plan).toEqual({ create: [{ ports: [], endpoints: [] }], update: [], remove: [] })
  expect(planSlices([], [slice('empty', [], [])])).toEqual({ create: [], update: [], remove: [] })
})

test('the empty slice is filled, not replaced, when the first pod comes', () => {
  const empty = slice('empty', [], [])
  const plan = planSlices([backend(1)], [empty])
  expect(plan.update).toEqual([{ slice: empty, content: { ports, endpoints: [endpoint(1)] } }])
  expect([plan.create, plan.remove]).toEqual([[], []])
})

test('nothing is written when nothing has changed', () => {
  const plan = planSlices([backend(2), backend(1)], [slice('a', [endpoint(1), endpoint(2)])])
  expect(plan).toEqual({ create: [], update: [], remove: [] })
})

test('a pod that changes touches its own slice only', () => {
  const first = slice('a', [endpoint(1)])
  const second = slice('b', [endpoint(2)])
  const plan = planSlices([backend(1), backend(2, false)], [first, second])
  expect(plan.update.map((update) => update.slice.metadata.name)).toEqual(['b'])
})

test('no slice holds more than a hundred endpoints', () => {
  const plan = planSlices(
    upTo(250).map((index) => backend(index)),
    [],
  )
  expect(plan.create.map(({ endpoints }) => endpoints.length)).toEqual([100, 100, 50])
})

test('a slice that is left empty goes, the last one stays', () => {
  const plan = planSlices([backend(1)], [slice('a', [endpoint(1)]), slice('b', [endpoint(2)])])
  expect(plan.remove.map(({ metadata }) => metadata.name)).toEqual(['b'])
  const none = planSlices([], [slice('a', [endpoint(1)])])
  expect(none.remove).toEqual([])
  expect(none.update[0]?.content.endpoints).toEqual([])
})

test('an address that has passed to another pod is another endpoint', () => {
  const heir = { ...endpoint(1), targetRef: { kind: 'Pod', name: 'heir', uid: 'heir' } }
  const plan = planSlices([{ ...backend(1), endpoint: heir }], [slice('a', [endpoint(1)])])
  expect(plan.update[0]?.content.endpoints).toEqual([heir])
})
