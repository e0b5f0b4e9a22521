/** Random requests, step by step the same from the local API server as from a real one. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import {
  apply,
  configMap,
  deployment,
  force,
  get,
  type Json,
  jsonPatch,
  merge,
  paths,
  post,
  put,
  remove,
  type Step,
  strategic,
  until,
  watch,
} from './case.ts'
import { differences } from './compare.ts'
import { localTarget } from './local-target.ts'
import { play } from './play.ts'
import { realTarget } from './real-target.ts'
import type { OpenTarget } from './target.ts'

const runs = 2_000
let real: OpenTarget
let local: OpenTarget

const definition: Json = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'boxes.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'boxes', kind: 'Box' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                'x-kubernetes-validations': [
                  { rule: '!has(self.a) || self.a < 5', message: 'a is too large' },
                ],
                properties: {
                  a: { type: 'integer', minimum: 0 },
                  b: { type: 'string', default: 'x' },
                  list: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['k'],
                    items: {
                      type: 'object',
                      required: ['k'],
                      properties: { k: { type: 'string' }, v: { type: 'integer' } },
                    },
                  },
                },
              },
              status: { type: 'object', properties: { n: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
}
const boxes = '/apis/example.com/v1/namespaces/$ns/boxes'
const box = (spec: Json): Json => ({
  apiVersion: 'example.com/v1',
  kind: 'Box',
  metadata: { name: 'a' },
  spec,
})

beforeAll(async () => {
  const ports = systemPorts()
  ;[real, local] = await Promise.all([realTarget(ports), localTarget(ports)])
  const everywhere = boxes.replace('$ns', 'default')
  const id = 'the definition'
  const steps = [
    until(post(paths.definitions, definition), 201),
    until(get(everywhere), 200),
    until(merge(`${everywhere}/none`, {}), 404, 'not found'),
  ]
  await Promise.all([real, local].map((target) => play(target, { id, steps }, 9_999)))
})
afterAll(async () => {
  await Promise.all([real.close(), local.close()])
})

const value = fc.constantFrom('1', '2', '3')
const key = fc.constantFrom('x', 'y')
const data = fc.dictionary(key, value, { maxKeys: 2 })
const labels = fc.constantFrom<Json>({}, { labels: { on: 'yes' } }, { labels: { on: 'no' } })
const finalizers = fc.constantFrom<Json>({}, {}, { finalizers: ['example.com/hold'] })
const manager = fc.constantFrom('ann', 'bob')
const metadata = fc.tuple(labels, finalizers).map(([a, b]): Json => ({ ...a, ...b }))

/** Requests to one ConfigMap and its collection. */
function configMapSteps(): fc.Arbitrary<Step> {
  const all = paths.configMaps
  const one = `${all}/a`
  const body = fc.tuple(data, metadata).map(([content, meta]) => configMap('a', content, meta))
  return fc.oneof(
    body.map((object) => post(all, object, { save: 'a' })),
    body.map((object) => put(one, object)),
    body.map((object) =>
      put(one, {
        ...object,
        metadata: { name: 'a', resourceVersion: '<a.metadata.resourceVersion>' },
      }),
    ),
    data.map((content) => merge(one, { data: content })),
    fc
      .tuple(key, value)
      .map(([k, v]) => jsonPatch(one, [{ op: 'add', path: `/data/${k}`, value: v }])),
    key.map((k) => jsonPatch(one, [{ op: 'remove', path: `/data/${k}` }])),
    fc.tuple(key, value).map(([k, v]) =>
      jsonPatch(one, [
        { op: 'test', path: `/data/${k}`, value: v },
        { op: 'replace', path: `/data/${k}`, value: '9' },
      ]),
    ),
    fc.tuple(manager, body).map(([who, object]) => apply(one, who, object)),
    fc.tuple(manager, body).map(([who, object]) => force(one, who, object)),
    metadata.map((meta) => merge(one, { metadata: { finalizers: null, ...meta } })),
    fc.constantFrom(
      remove(one),
      remove(one, { propagationPolicy: 'Foreground' }),
      remove(all),
      get(one, { save: 'a' }),
      get(all),
      get(`${all}?labelSelector=on=yes`),
      watch(`${all}?resourceVersion=0`, 1),
    ),
  )
}

function deploymentSteps(): fc.Arbitrary<Step> {
  const all = paths.deployments
  const one = `${all}/web`
  const replicas = fc.integer({ min: -1, max: 3 })
  const image = fc.constantFrom('app:1', 'app:2')
  const templated = image.map((name) => ({
    spec: { template: { spec: { containers: [{ name: 'app', image: name }] } } },
  }))
  return fc.oneof(
    { weight: 3, arbitrary: replicas.map((n) => post(all, deployment('web', { replicas: n }))) },
    replicas.map((n) => merge(one, { spec: { replicas: n } })),
    replicas.map((n) => merge(`${one}/scale`, { spec: { replicas: n } })),
    replicas.map((n) => merge(`${one}/status`, { status: { replicas: n } })),
    templated.map((body) => strategic(one, body)),
    templated.map((body) => merge(one, body)),
    fc
      .tuple(manager, replicas)
      .map(([who, n]) => apply(one, who, deployment('web', { replicas: n }))),
    fc
      .tuple(manager, replicas)
      .map(([who, n]) => force(one, who, deployment('web', { replicas: n }))),
    fc.constantFrom(
      strategic(one, {
        spec: { template: { spec: { containers: [{ name: 'side', image: 's' }] } } },
      }),
      strategic(one, {
        spec: { template: { spec: { containers: [{ name: 'side', $patch: 'delete' }] } } },
      }),
      merge(one, { spec: { paused: true } }),
      merge(one, { metadata: { annotations: { a: 'b' } } }),
      remove(one),
      get(one),
      get(`${one}/scale`),
    ),
  )
}

function boxSteps(): fc.Arbitrary<Step> {
  const one = `${boxes}/a`
  const number = fc.integer({ min: -1, max: 6 })
  const item = fc.record({ k: key, v: number })
  const spec = fc.record(
    { a: number, b: value, list: fc.array(item, { maxLength: 2 }) },
    { requiredKeys: [] },
  )
  return fc.oneof(
    { weight: 2, arbitrary: spec.map((given) => post(boxes, box(given), { save: 'a' })) },
    spec.map((given) => merge(one, { spec: given })),
    spec.map((given) =>
      put(one, {
        ...box(given),
        metadata: { name: 'a', resourceVersion: '<a.metadata.resourceVersion>' },
      }),
    ),
    fc.tuple(manager, spec).map(([who, given]) => apply(one, who, box(given))),
    fc.tuple(manager, spec).map(([who, given]) => force(one, who, box(given))),
    number.map((n) => merge(`${one}/status`, { status: { n } })),
    number.map((n) => jsonPatch(one, [{ op: 'add', path: '/spec/a', value: n }])),
    fc.constantFrom(
      merge(one, { spec: { b: null } }),
      remove(one),
      get(one, { save: 'a' }),
      get(boxes),
    ),
  )
}

const steps = fc.oneof(
  ...[configMapSteps(), deploymentSteps(), boxSteps()].map((step) =>
    fc.array(step, { minLength: 2, maxLength: 9 }),
  ),
)

let number = 0
const lanes = 4

// Side by side, since most of a sequence is waiting for answers.
for (let lane = 1; lane <= lanes; lane += 1) {
  test.concurrent(`${runs / lanes} random sequences (${lane})`, { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (chosen) => {
        number += 1
        const own = number
        const one = { id: 'random', steps: chosen }
        const [wanted, found] = await Promise.all([play(real, one, own), play(local, one, own)])
        expect(differences(wanted, found)).toEqual([])
      }),
      { numRuns: runs / lanes },
    )
  })
}
