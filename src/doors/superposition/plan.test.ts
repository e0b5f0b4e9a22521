/** All experiments of a service as one plan. */
import { describe, expect, test } from 'vitest'
import type { Experiment, ExperimentSpec } from './experiment.ts'
import { formatMicros } from './ledger.ts'
import { planOf, type Reached } from './plan.ts'

type Given = Partial<Omit<ExperimentSpec, 'variants'>> & {
  readonly id: string
  /** Seconds of its last change. */
  readonly at?: number
  readonly experimental?: readonly string[]
}

function experiment({ id, at = 0, experimental = ['b'], ...more }: Given): Experiment {
  return {
    apiVersion: 'superposition.headgate.dev/v1alpha1',
    kind: 'Experiment',
    metadata: { name: `shop-${id}`, namespace: 'mumbai' },
    spec: {
      organisation: 'localorg',
      workspace: 'shop',
      service: 'shop',
      experiment: id,
      context: { namespace: 'mumbai' },
      state: 'INPROGRESS',
      trafficPercentage: 10,
      variants: [
        { id: `${id}-control`, name: `${id}-control`, type: 'CONTROL' },
        ...experimental.map((name) => ({
          id: `${id}-${name}`,
          name: `${id}-${name}`,
          type: 'EXPERIMENTAL' as const,
        })),
      ],
      started: true,
      lastModified: formatMicros(at * 1_000_000),
      event: { name: 'ExperimentStarted', receivedAt: '2026-11-21T10:00:00.000Z' },
      ...more,
    },
  }
}

const won = { state: 'CONCLUDED', chosenVariant: '1-b' } as const

/** A release that has carried out so much, with these beside stable. */
const reached = (concluded: number, ...roles: readonly string[]): Reached => ({ concluded, roles })

function candidates(
  records: readonly Experiment[],
  come: Reached | number | undefined,
  most = 16,
): string[] {
  const to = typeof come === 'number' ? reached(come) : come
  return planOf(records, to, most).candidates.map(
    ({ role, weight, promote }) => `${role}=${weight}${promote ? ' promoted' : ''}`,
  )
}

describe('who is on trial', () => {
  const rows: readonly [string, readonly Experiment[], readonly string[]][] = [
    [
      'MD09: each experimental variant has the percentage',
      [experiment({ id: '1', experimental: ['b', 'c'] })],
      ['1-b=10', '1-c=10'],
    ],
    ['MD11: paused, none', [experiment({ id: '1', state: 'PAUSED' })], ['1-b=0']],
    ['MD14: created, nobody', [experiment({ id: '1', state: 'CREATED', started: false })], []],
    ['MD12: discarded, nobody', [experiment({ id: '1', state: 'DISCARDED' })], []],
    [
      'MD13: control won, nobody',
      [experiment({ id: '1', state: 'CONCLUDED', chosenVariant: '1-control' })],
      [],
    ],
    [
      'M32: a winner that is none of them, nobody',
      [experiment({ id: '1', state: 'CONCLUDED', chosenVariant: 'x' })],
      [],
    ],
    ['M29: who has won is promoted', [experiment({ id: '1', at: 5, ...won })], ['1-b=10 promoted']],
    [
      'MD10: several experiments together',
      [experiment({ id: '2', trafficPercentage: 50 }), experiment({ id: '1' })],
      ['1-b=10', '2-b=50'],
    ],
    [
      'of two that concluded, the later one',
      [
        experiment({ id: '1', at: 5, ...won }),
        experiment({ id: '2', at: 6, state: 'CONCLUDED', chosenVariant: '2-b' }),
      ],
      ['2-b=10 promoted'],
    ],
  ]
  for (const [name, records, expected] of rows) {
    test(name, () => {
      expect(candidates(records, 0)).toEqual(expected)
      expect(candidates(records.toReversed(), 0)).toEqual(expected)
    })
  }

  test('a conclusion that was carried out is not carried out again, nor an older one after it', () => {
    const records = [experiment({ id: '1', at: 5, ...won })]
    expect(candidates(records, 5_000_000)).toEqual([])
    expect(candidates(records, 6_000_000)).toEqual([])
    expect(candidates(records, 4_999_999)).toEqual(['1-b=10 promoted'])
  })

  test('MD15: whom the winner has won against stands there without traffic until it is stable', () => {
    const records = [experiment({ id: '1', at: 5, experimental: ['b', 'c', 'd'], ...won })]
    // One that never came up does not come up now.
    const beside = ['1-b', '1-c', 'other']
    expect(candidates(records, reached(0, ...beside))).toEqual(['1-b=10 promoted', '1-c=0'])
    expect(candidates(records, reached(5_000_000, ...beside))).toEqual([])
  })

  test('a variant that is called like the stable role goes by another name', () => {
    const record = experiment({ id: '1' })
    const variants = [{ id: 'stable', name: 'stable', type: 'EXPERIMENTAL' as const }]
    expect(candidates([{ ...record, spec: { ...record.spec, variants } }], 0)).toEqual([
      'variant-stable=10',
    ])
  })
})

describe('who finds no place', () => {
  const first = experiment({ id: '1', trafficPercentage: 60 })
  const rows: readonly [string, readonly Experiment[], number, readonly string[], RegExp][] = [
    [
      'MD10: shares above 100 together',
      [first, experiment({ id: '2', trafficPercentage: 50 })],
      16,
      ['1-b=60'],
      /110 per cent/,
    ],
    [
      'MD08: several variants at once with ingress-nginx',
      [experiment({ id: '2', experimental: ['b', 'c'] })],
      1,
      [],
      /2 experimental variants.*gateway-api/,
    ],
    [
      'MD08: a second experiment with ingress-nginx',
      [first, experiment({ id: '2' })],
      1,
      ['1-b=60'],
      /waits for shop-1/,
    ],
  ]
  for (const [name, records, most, expected, why] of rows) {
    test(name, () => {
      for (const order of [records, records.toReversed()]) {
        expect(candidates(order, 0, most)).toEqual(expected)
        expect(planOf(order, reached(0), most).refused['shop-2']).toMatch(why)
      }
    })
  }

  test('the older one has the place, by when it was created', () => {
    const records = [
      first,
      experiment({ id: '2', trafficPercentage: 50, createdAt: '2026-11-01T00:00:00Z' }),
      experiment({ id: '1', trafficPercentage: 60, createdAt: '2026-11-02T00:00:00Z' }),
    ]
    expect(planOf(records.slice(1), reached(0), 16).refused).toHaveProperty('shop-1')
  })

  test('whoever is promoted goes first, then the next one', () => {
    const records = [experiment({ id: '1', at: 5, ...won }), experiment({ id: '2' })]
    expect(candidates(records, 0, 1)).toEqual(['1-b=10 promoted'])
    expect(candidates(records, 5_000_000, 1)).toEqual(['2-b=10'])
  })
})

describe('what serves where nothing is yet', () => {
  const baseline = (...records: readonly Experiment[]) => planOf(records, undefined, 16).baseline
  test('MD07: the control, asked for with its own id', () => {
    expect(baseline(experiment({ id: '1' }))).toMatchObject({
      id: '1-control',
      variantIds: ['1-control'],
    })
  })

  test('MD07: where the event names no control, the base configuration', () => {
    const record = experiment({ id: '1' })
    const variants = record.spec.variants.filter(({ type }) => type === 'EXPERIMENTAL')
    expect(baseline({ ...record, spec: { ...record.spec, variants } })).toMatchObject({
      id: 'control',
      variantIds: [],
    })
  })

  test('S30: of an experiment that is over, the winner by the base configuration', () => {
    expect(baseline(experiment({ id: '1', at: 5, ...won }))).toMatchObject({
      id: '1-b',
      variantIds: [],
    })
    expect(candidates([experiment({ id: '1', at: 5, ...won })], undefined)).toEqual([])
  })

  test('nothing, as long as nothing was started', () => {
    expect(baseline(experiment({ id: '1', state: 'CREATED', started: false }))).toBeUndefined()
    expect(baseline()).toBeUndefined()
  })

  test('MD05: it is asked for at the version that the event named', () => {
    expect(baseline(experiment({ id: '1', configVersion: '17' }))).toMatchObject({
      configVersion: '17',
    })
  })
})
