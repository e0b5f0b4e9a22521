import { expect, test } from 'vitest'
import { deletionOrder } from './pods.ts'
import type { Pod } from './shapes.ts'

const now = Date.UTC(2026, 0, 1, 1)
const minutesAgo = (minutes: number): string => new Date(now - minutes * 60_000).toISOString()

type Facts = {
  node?: string
  phase?: 'Pending' | 'Running' | 'Unknown'
  readyFor?: number
  cost?: string
  restarts?: number
  age?: number
}

function pod(name: string, facts: Facts): Pod {
  const { node = 'n1', phase = 'Running', readyFor = 30, cost, restarts = 0, age = 60 } = facts
  const ready = readyFor >= 0
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      uid: name,
      creationTimestamp: minutesAgo(age),
      ...(cost === undefined
        ? {}
        : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: { containers: [], ...(node === '' ? {} : { nodeName: node }) },
    status: {
      phase,
      conditions: [
        {
          type: 'Ready',
          status: ready ? 'True' : 'False',
          lastTransitionTime: minutesAgo(readyFor),
        },
      ],
      containerStatuses: [
        {
          name: 'app',
          image: '',
          imageID: '',
          ready,
          started: true,
          restartCount: restarts,
          state: { running: { startedAt: minutesAgo(age) } },
          lastState: {},
        },
      ],
    },
  }
}

const rows: readonly (readonly [string, Facts, Facts])[] = [
  ['without a node before with one', { node: '' }, {}],
  ['pending before running', { phase: 'Pending' }, {}],
  ['unknown before running', { phase: 'Unknown' }, {}],
  ['not ready before ready', { readyFor: -1 }, {}],
  ['cheap before dear', { cost: '-5' }, { cost: '10' }],
  ['without a cost as with cost 0', {}, { cost: '1' }],
  ['not ready counts more than cost', { readyFor: -1, cost: '100' }, { cost: '1' }],
  ['on the crowded node first', { node: 'crowded' }, { node: 'n1' }],
  ['ready for a shorter time first', { readyFor: 1 }, { readyFor: 50 }],
  ['restarted more often first', { restarts: 4 }, { restarts: 1 }],
  ['younger first', { age: 31 }, { age: 600 }],
  ['a cost that is no number counts as 0', { cost: 'dear' }, { cost: '1' }],
]

for (const [name, first, second] of rows) {
  test(`gives up ${name}`, () => {
    const crowd = ({ spec }: Pod): number => (spec.nodeName === 'crowded' ? 3 : 1)
    for (const pods of [
      [pod('first', first), pod('second', second)],
      [pod('second', second), pod('first', first)],
    ]) {
      const [goes] = deletionOrder(pods, crowd, now)
      expect(goes?.metadata.name).toBe('first')
    }
  })
}
