/** Priorities of pods, and the classes they come from. */
import { expect, test } from 'vitest'
import { type Asker, freshServer, type Json } from '../testing/ask.ts'

const classes = '/apis/scheduling.k8s.io/v1/priorityclasses'
const pods = '/api/v1/namespaces/default/pods'
const classOf = (name: string, value: number, more: Json = {}): Json => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
  ...more,
})
const pod = (name: string, spec: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
})

async function server(): Promise<Asker> {
  const api = await freshServer()
  await api.post(classes, classOf('high', 1000, { preemptionPolicy: 'Never' }))
  return api
}

test('a pod has the number and the policy of its class, and none without one', async () => {
  const { post } = await server()
  const high = await post(pods, pod('a', { priorityClassName: 'high' }))
  expect(high.body.spec).toMatchObject({ priority: 1000, preemptionPolicy: 'Never' })
  const plain = await post(pods, pod('b'))
  expect(plain.body.spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' })
  const system = await post(pods, pod('c', { priorityClassName: 'system-node-critical' }))
  expect(system.body.spec.priority).toBe(2_000_001_000)
})

test('the default class is that of every pod, and there is one', async () => {
  const { post } = await server()
  await post(classes, classOf('usual', 7, { globalDefault: true }))
  const { body } = await post(pods, pod('a'))
  expect(body.spec).toMatchObject({ priority: 7, priorityClassName: 'usual' })
  const second = await post(classes, classOf('other', 8, { globalDefault: true }))
  expect(second.body.message).toBe(
    'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
  )
})

const refusals: readonly (readonly [name: string, path: string, body: Json, said: string])[] = [
  [
    'a class that is not there',
    pods,
    pod('a', { priorityClassName: 'ghost' }),
    'pods "a" is forbidden: no PriorityClass with name ghost was found',
  ],
  [
    'a number of its own',
    pods,
    pod('a', { priorityClassName: 'high', priority: 5 }),
    'the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
  ],
  [
    'a name of the system',
    classes,
    classOf('system-mine', 5),
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
  ],
  [
    'a number of the system',
    classes,
    classOf('huge', 1_000_000_001),
    'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
  ],
  [
    'a policy that is none',
    classes,
    classOf('odd', 5, { preemptionPolicy: 'Sometimes' }),
    'preemptionPolicy: Unsupported value: "Sometimes"',
  ],
]

for (const [name, path, body, said] of refusals) {
  test(`refuses ${name}`, async () => {
    const { post } = await server()
    expect((await post(path, body)).body.message).toContain(said)
  })
}

test('a class keeps its number', async () => {
  const { patch } = await server()
  const { status, body } = await patch(`${classes}/high`, 'merge', { value: 5 })
  expect([status, body.message]).toEqual([
    422,
    'PriorityClass.scheduling.k8s.io "high" is invalid: value: Forbidden: may not be changed in an update.',
  ])
})
