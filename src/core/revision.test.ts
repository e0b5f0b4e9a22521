/**
 * Which changes start a release and which do not: decision 7. Beside an author who writes templates stands a server that
 * adds defaults, respells quantities and drops zeroes, in an older and in a newer version.
 */
import { describe, expect, test } from 'vitest'
import { template } from '#test/gen/release.ts'
import { installed, phaseIs, settle, until } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import { decide } from './decide.ts'
import type { PodTemplate } from './k8s/workloads.ts'
import type { WorkloadSeen } from './observed.ts'
import { labels } from './render/names.ts'
import { type Target, targetOf, writtenHash } from './revision.ts'

type Spec = Readonly<Record<string, unknown>>

/** A template of one container with some fields of the pod and of the container. */
function written(container: Spec = {}, pod: Spec = {}): PodTemplate {
  const [first] = template('shop:v1').spec.containers
  const containers = [{ name: 'shop', ...first, ...container }]
  return { ...template('shop:v1'), spec: { containers, ...pod } }
}

/** What a server makes of a template: our labels on it, defaults added, amounts respelt, zeroes of plain fields dropped. */
function served(given: PodTemplate, newDefault = false): PodTemplate {
  const containers = given.spec.containers.map((container) => ({
    terminationMessagePath: '/dev/termination-log',
    ...(newDefault ? { resizePolicy: [{ restartPolicy: 'NotRequired' }] } : {}),
    ...(respelt(container) as typeof container),
  }))
  return {
    metadata: {
      ...given.metadata,
      labels: { ...given.metadata?.labels, [labels.revision]: 'r', [labels.release]: 'shop' },
    },
    spec: { dnsPolicy: 'ClusterFirst', ...(respelt(given.spec) as Spec), containers },
  }
}

const droppedZeroes = new Set(['hostNetwork', 'stdin', 'value'])

function respelt(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(respelt)
  if (typeof value !== 'object' || value === null) return value === '0.5' ? '500m' : value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => !(droppedZeroes.has(key) && (member === false || member === '')))
      .map(([key, member]) => [key, respelt(member)]),
  )
}

function seen(given: PodTemplate, changes: Partial<WorkloadSeen> = {}): WorkloadSeen {
  const hash = writtenHash(given)
  return {
    kind: 'ReplicaSet',
    name: `shop-${hash}`,
    uid: `uid-${hash}`,
    resourceVersion: '1',
    revision: hash,
    written: hash,
    template: served(given),
    replicas: 4,
    pods: 4,
    ready: 4,
    createdAt: 1,
    deleting: false,
    owned: true,
    ...changes,
  }
}

const base = installed().observe()

/** The target when `now` is asked for beside `workloads`; the server that answers is one version newer. */
function target(now: PodTemplate, workloads: readonly WorkloadSeen[]): Target {
  const app = { ...base.app, template: now, written: writtenHash(now) }
  const first = targetOf({ ...base, app, workloads, readBacks: [] }, app)
  if (first.kind !== 'ask') return first
  const readBack = { written: first.written, template: served(now, true) }
  return targetOf({ ...base, app, workloads, readBacks: [readBack] }, app)
}

const rich = written(
  {
    env: [
      { name: 'MODE', value: '' },
      { name: 'SIZE', value: '1k' },
    ],
    resources: { limits: { cpu: '0.5' } },
    stdin: false,
  },
  { hostNetwork: false, volumes: [{ name: 'tmp', emptyDir: {} }] },
)
const [richContainer] = rich.spec.containers
const richWith = (container: Spec, pod: Spec = {}): PodTemplate => ({
  ...rich,
  spec: { ...rich.spec, ...pod, containers: [{ name: 'shop', ...richContainer, ...container }] },
})
const without = (value: object, key: string): Spec =>
  Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))

describe('starts no release', () => {
  const old = seen(rich)
  const rows = [
    ['an unchanged template', rich, old],
    [
      'a server that adds a default to what is unchanged',
      rich,
      { ...old, template: served(rich, true) },
    ],
    [
      'another hash algorithm, on a server that adds a default',
      rich,
      { ...old, written: 'before' },
    ],
    ['a respelt amount', richWith({ resources: { limits: { cpu: '500m' } } }), old],
    ['keys in another order', { spec: rich.spec, metadata: { ...rich.metadata } }, old],
    [
      'a default written out',
      richWith({ terminationMessagePath: '/dev/termination-log' }, { dnsPolicy: 'ClusterFirst' }),
      old,
    ],
    [
      'a false written out that the server drops',
      richWith({}, { hostNetwork: false }),
      seen(richWith({})),
    ],
    [
      'a false left out that the server drops',
      { ...rich, spec: without(rich.spec, 'hostNetwork') },
      old,
    ],
    ['an empty object written out', richWith({ securityContext: {} }), old],
    [
      'a field left out that was the default',
      written(),
      seen(written({ terminationMessagePath: '/dev/termination-log' })),
    ],
  ] as const
  for (const [name, now, workload] of rows) {
    test(name, () => {
      const found = target(now as PodTemplate, [workload as WorkloadSeen])
      expect(found).toMatchObject({ kind: 'known', revision: workload.revision })
    })
  }
})

describe('starts a release', () => {
  const old = seen(rich)
  const rows = [
    ['another image', richWith({ image: 'shop:v2' })],
    ['a field more', richWith({ command: ['serve'] })],
    ['a field more that is false and kept', richWith({}, { automountServiceAccountToken: false })],
    [
      'a field less',
      { ...rich, spec: { ...rich.spec, containers: [without(richContainer ?? {}, 'ports')] } },
    ],
    ['a variable less', richWith({ env: [{ name: 'MODE', value: '' }] })],
    [
      'a variable with an equal amount in another spelling',
      richWith({
        env: [
          { name: 'MODE', value: '' },
          { name: 'SIZE', value: '1000' },
        ],
      }),
    ],
    [
      'variables in another order',
      richWith({
        env: [
          { name: 'SIZE', value: '1k' },
          { name: 'MODE', value: '' },
        ],
      }),
    ],
    ['another amount', richWith({ resources: { limits: { cpu: '501m' } } })],
    ['a label more', { ...rich, metadata: { labels: { app: 'shop', tier: 'front' } } }],
    [
      'a container more',
      {
        ...rich,
        spec: {
          ...rich.spec,
          containers: [...rich.spec.containers, { name: 'side', image: 'side' }],
        },
      },
    ],
  ] as const
  for (const [name, now] of rows) {
    test(name, () =>
      expect(target(now as PodTemplate, [old])).toEqual({
        kind: 'new',
        revision: writtenHash(now as PodTemplate),
      }),
    )
  }
})

describe('which of several', () => {
  const hash = writtenHash(rich)
  const other = written({ image: 'shop:v0' })

  test('the newest of those with the same writing', () => {
    const two = [seen(rich, { name: 'a', createdAt: 1 }), seen(rich, { name: 'b', createdAt: 2 })]
    expect(target(rich, two)).toMatchObject({ kind: 'known', workload: { name: 'b' } })
  })

  test('a name that another template took is not taken again', () => {
    const squatter = seen(other, { revision: hash })
    expect(target(rich, [squatter])).toEqual({ kind: 'new', revision: `${hash}-2` })
    const second = seen(written({ image: 'shop:v9' }), { revision: `${hash}-2` })
    expect(target(rich, [squatter, second])).toEqual({ kind: 'new', revision: `${hash}-3` })
  })

  test('a workload of this template that is being deleted is no other revision', () => {
    expect(target(rich, [seen(rich, { deleting: true })])).toEqual({ kind: 'new', revision: hash })
  })

  test('an answer to an older question is not taken', () => {
    const app = { ...base.app, template: rich, written: 'now' }
    const readBack = { written: 'before', template: served(rich) }
    const asked = { ...base, app, workloads: [seen(rich)], readBacks: [readBack] }
    expect(targetOf(asked, app).kind).toBe('ask')
  })
})

describe('a release whose template is spelt differently', () => {
  const respell = (world: World): void => {
    const spec = { ...template('shop:v1').spec, dnsPolicy: 'ClusterFirst' }
    world.ask({ template: { ...template('shop:v1'), spec } })
  }
  const known = (): World => {
    const world = installed()
    for (const [name, replicaSet] of world.replicaSets) {
      const { template: own } = replicaSet.spec
      const more = { ...own, spec: { ...own.spec, dnsPolicy: 'ClusterFirst' } }
      world.replicaSets.set(name, { ...replicaSet, spec: { ...replicaSet.spec, template: more } })
    }
    return world
  }

  test('asks the server, waits with everything as it is, and goes on serving', () => {
    const world = known()
    respell(world)
    const decision = decide(world.observe(), world.now)
    expect([decision.reason.type, decision.writes]).toEqual(['WaitingForRevision', []])
    expect(decision.notebook.conditions.map(({ type, status }) => [type, status])).toEqual([
      ['Ready', 'False'],
      ['Reconciling', 'True'],
    ])
    const { written: hash = '', object } = decision.readBack ?? {}
    expect(object?.kind).toBe('ReplicaSet')
    const { template: own } = [...world.replicaSets.values()][0]?.spec ?? {}
    world.readBacks = [{ written: hash, template: own as PodTemplate }]
    until(world, phaseIs('Completed'))
    settle(world)
    expect([world.replicaSets.size, world.release.status?.reason?.type]).toEqual([1, 'Serving'])
    expect(world.release.status?.observedGeneration).toBe(2)
  })
})
