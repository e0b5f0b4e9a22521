import { expect, test } from 'vitest'
import type { Deployment, IntOrPercent } from '../shapes.ts'
import { maxSurge, maxUnavailable } from './numbers.ts'

const deployment = (
  replicas: number,
  surge: IntOrPercent | undefined,
  unavailable: IntOrPercent | undefined,
  type = 'RollingUpdate',
): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: {
    replicas,
    selector: {},
    template: { spec: { containers: [] } },
    strategy: {
      type,
      rollingUpdate: {
        ...(surge === undefined ? {} : { maxSurge: surge }),
        ...(unavailable === undefined ? {} : { maxUnavailable: unavailable }),
      },
    },
  },
})

const rows = [
  ['takes a quarter each by default', 8, undefined, undefined, 2, 2],
  ['rounds surge up and unavailability down', 5, '25%', '25%', 2, 1],
  ['takes numbers as they are', 3, 1, 0, 1, 0],
  ['lets one pod go where neither is allowed', 3, 0, 0, 0, 1],
  ['lets one pod go where a per cent is too little', 3, 0, '1%', 0, 1],
  ['spares no more pods than there are', 2, 0, 5, 0, 2],
  ['has none to spare at zero', 0, 1, 1, 1, 0],
] as const

for (const [name, replicas, surge, unavailable, most, spare] of rows) {
  test(name, () => {
    const given = deployment(replicas, surge, unavailable)
    expect([maxSurge(given), maxUnavailable(given)]).toEqual([most, spare])
  })
}

test('recreating has neither', () => {
  const given = deployment(4, 2, 2, 'Recreate')
  expect([maxSurge(given), maxUnavailable(given)]).toEqual([0, 0])
})
