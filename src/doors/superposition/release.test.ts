/** The Release of a service: what is written, what is read back of it, and what a promotion turns. */
import { describe, expect, test } from 'vitest'
import { readRelease } from '#core/api/read.ts'
import type { Release, ReleaseStatus } from '#core/api/release.ts'
import type { PodTemplate } from '#core/k8s/workloads.ts'
import type { CandidateWanted, Source } from './plan.ts'
import { isOurs, isRevision, promoteAgainMs, releaseOf, standingOf, turned } from './release.ts'
import { plainSettings } from './settings.ts'

const template = (image: string): PodTemplate => ({
  metadata: { labels: { 'superposition.headgate.dev/service': 'shop' } },
  spec: { containers: [{ name: 'a', image, ports: [{ containerPort: 80 }] }] },
})

const source = (id: string): Source => ({
  organisation: 'localorg',
  workspace: 'shop',
  id,
  name: id,
  context: { namespace: 'mumbai' },
  variantIds: [id],
})

const candidate = (weight: number, more: Partial<CandidateWanted> = {}): CandidateWanted => ({
  role: 'b',
  source: source('b'),
  weight,
  promote: false,
  version: 100,
  record: 'shop-1',
  ...more,
})

type Given = {
  readonly candidates?: readonly CandidateWanted[]
  readonly before?: Release
  readonly now?: number
}

function released({ candidates = [], before, now = 0 }: Given): Release {
  const wanted = {
    place: { namespace: 'mumbai', service: 'shop' },
    stable: {
      source: source('a'),
      resolved: { template: template('x:1'), replicas: 3 },
      revision: 'a',
    },
    candidates: candidates.map((one) => ({
      wanted: one,
      resolved: { template: template('x:2'), replicas: 2 },
    })),
    main: { service: 'shop-service', route: 'shop-ingress' },
    concluded: 7,
    port: 80,
    now,
  }
  return releaseOf(wanted, plainSettings, before === undefined ? undefined : standingOf(before))
}

const commands = ({ spec }: Release) =>
  (spec.strategy.commanded?.candidates ?? []).map(({ name, version, weight, promote }) => [
    name,
    version,
    weight,
    promote,
  ])

test('the engine takes it as it is', () => {
  const release = released({ candidates: [candidate(10)] })
  const stored = { ...release, metadata: { ...release.metadata, uid: 'u', generation: 1 } }
  expect(readRelease(stored)).toMatchObject({ kind: 'app' })
  expect(isOurs(release)).toBe(true)
})

test('what was written is read back, and known as ours', () => {
  const release = released({ candidates: [candidate(10)] })
  const standing = standingOf(release)
  expect(standing).toMatchObject({
    edited: false,
    concluded: 7,
    main: { service: 'shop-service', route: 'shop-ingress' },
    stable: { revision: 'a', source: { id: 'a' }, resolved: { replicas: 3 } },
    candidates: { b: { source: { id: 'b' }, resolved: { replicas: 2 } } },
  })
  const edited = { ...release, spec: { ...release.spec, replicas: 9 } }
  expect(standingOf(edited)?.edited).toBe(true)
  const { annotations: _none, ...metadata } = release.metadata
  expect(standingOf({ ...release, metadata })).toBeUndefined()
})

describe('versions of commands', () => {
  const first = released({ candidates: [candidate(10)] })
  const rows: readonly [string, CandidateWanted, unknown[]][] = [
    ['the same again keeps its version', candidate(10), ['b', 100, 10, false]],
    [
      'a newer event counts up, also with the same weight',
      candidate(10, { version: 200 }),
      ['b', 200, 10, false],
    ],
    ['another weight without an event counts up by one', candidate(0), ['b', 101, 0, false]],
    ['an older version never comes back', candidate(20, { version: 50 }), ['b', 101, 20, false]],
    ['a promotion is a word of its own', candidate(10, { promote: true }), ['b', 101, 10, true]],
  ]
  for (const [name, wanted, expected] of rows) {
    test(name, () =>
      expect(commands(released({ candidates: [wanted], before: first }))).toEqual([expected]),
    )
  }

  test('what could not become stable is tried again after five minutes', () => {
    const promoting = released({ candidates: [candidate(10, { promote: true })] })
    const failed = {
      candidate: 'b',
      revision: 'b',
      reason: 'ProgressDeadlineExceeded',
      message: 'm',
      at: '1970-01-01T00:00:00.000Z',
      command: 100,
    }
    const before: Release = { ...promoting, status: { failed: [failed] } }
    const wanted = candidate(10, { promote: true })
    const at = (now: number) => commands(released({ candidates: [wanted], before, now }))
    expect(at(promoteAgainMs - 1)).toEqual([['b', 100, 10, true]])
    expect(at(promoteAgainMs)).toEqual([['b', 101, 10, true]])
  })
})

describe('a promotion', () => {
  const promoting = released({ candidates: [candidate(10, { promote: true })] })
  const seat = { replicas: 2, ready: 2, weight: { wanted: 100, confirmed: 100 } }
  const after = (status: ReleaseStatus) => {
    const standing = standingOf({ ...promoting, status })
    return standing === undefined ? undefined : turned(standing)
  }
  const trial = {
    candidate: 'b',
    revision: 'b',
    service: 's',
    step: 0,
    stepStartedAt: '',
    startedAt: '',
    stage: 'promoting' as const,
  }

  test('is over when the engine says so', () => {
    expect(after({ stable: { ...seat, revision: 'b' } })).toMatchObject({
      stable: { revision: 'b', source: { id: 'b' }, resolved: { replicas: 2 } },
      concluded: 100,
    })
  })

  test('under a name that the engine counted up', () => {
    expect(after({ stable: { ...seat, revision: 'b-2' } })).toMatchObject({
      stable: { revision: 'b-2' },
    })
    expect(isRevision('b-2', 'b')).toBe(true)
    expect(isRevision('b-two', 'b')).toBe(false)
  })

  test('is not over before, nor while it is still on trial', () => {
    for (const status of [
      {},
      { stable: { ...seat, revision: 'a' } },
      { stable: { ...seat, revision: 'b' }, trials: [trial] },
    ])
      expect(after(status)).toMatchObject({ stable: { revision: 'a' }, concluded: 7 })
  })
})
