/** What events change in a record: late, repeated, out of order, of today and of old. */
import { describe, expect, test } from 'vitest'
import { readContext } from './context.ts'
import { readEvent, type SuperpositionEvent } from './event.ts'
import type { ExperimentSpec } from './experiment.ts'
import { entered, formatMicros, type Said } from './ledger.ts'

type Body = Readonly<Record<string, unknown>>

let received = Date.UTC(2026, 10, 21)

/** An event of today: seconds stand for its last_modified. */
function event(
  name: string,
  seconds: number | undefined,
  payload: Body = {},
  info: Body = {},
): Said {
  const body = {
    event_info: { webhook_event: `Experiment${name}`, workspace_id: 'shop', ...info },
    payload: {
      id: '7300',
      context: { namespace: 'mumbai' },
      variants: [
        { id: '7300-control', variant_type: 'CONTROL' },
        { id: '7300-blue', variant_type: 'EXPERIMENTAL' },
      ],
      traffic_percentage: 0,
      ...(seconds === undefined
        ? {}
        : { last_modified: `2026-11-21T10:00:${String(seconds).padStart(2, '0')}Z` }),
      ...payload,
    },
  }
  const read = readEvent(JSON.stringify(body)) as Extract<
    SuperpositionEvent,
    { kind: 'experiment' }
  >
  expect(read.kind).toBe('experiment')
  received += 1
  const { dimensions } = readContext(read.said.context, 'namespace')
  return {
    event: read.event,
    origin: read.origin,
    said: read.said,
    dimensions: read.said.context === undefined ? undefined : dimensions,
    namespaceAssumed: false,
    receivedAt: received,
  }
}

function all(...events: readonly Said[]): ExperimentSpec {
  const last = events.reduce<ExperimentSpec | undefined>((known, one) => {
    const entry = entered(known, one)
    return entry.kind === 'changed' ? entry.spec : known
  }, undefined)
  expect(last).toBeDefined()
  return last as ExperimentSpec
}

function shown({ state, trafficPercentage, started, chosenVariant }: ExperimentSpec): unknown[] {
  return [state, trafficPercentage, started, chosenVariant]
}

const created = event('Created', 1, { started_at: null })
const started = event('Started', 2, { traffic_percentage: 10 })
const wider = event('Inprogress', 3, { traffic_percentage: 25, started_at: 'x' })
const paused = event('Paused', 4, { traffic_percentage: 25, started_at: 'x' })
const resumed = event('Inprogress', 5, { traffic_percentage: 25, started_at: 'x' })
const concluded = event('Concluded', 6, {
  chosen_variant: '7300-blue',
  traffic_percentage: 25,
  started_at: 'x',
})
const discarded = event('Discarded', 6, { traffic_percentage: 25, started_at: 'x' })

describe('a record after its events', () => {
  const rows: readonly [string, readonly Said[], unknown[]][] = [
    ['S01: Created is known and not started', [created], ['CREATED', 0, false, undefined]],
    [
      'S04: Updated stays so',
      [created, event('Updated', 2, { started_at: null })],
      ['CREATED', 0, false, undefined],
    ],
    ['S02: Started', [created, started], ['INPROGRESS', 10, true, undefined]],
    ['S02: Started with 0', [event('Started', 2)], ['INPROGRESS', 0, true, undefined]],
    ['S03: a ramp', [started, wider], ['INPROGRESS', 25, true, undefined]],
    ['S05: Paused', [started, wider, paused], ['PAUSED', 25, true, undefined]],
    [
      'S03: resumed by Inprogress',
      [started, wider, paused, resumed],
      ['INPROGRESS', 25, true, undefined],
    ],
    ['S06: Concluded', [started, wider, concluded], ['CONCLUDED', 25, true, '7300-blue']],
    ['S07: Discarded', [started, discarded], ['DISCARDED', 25, true, undefined]],
    [
      'S07: Discarded before it began',
      [created, event('Discarded', 3, { started_at: null })],
      ['DISCARDED', 0, false, undefined],
    ],
    [
      'MD18: the same event again',
      [started, wider, wider, wider],
      ['INPROGRESS', 25, true, undefined],
    ],
    ['MD18: an older one after a newer one', [wider, started], ['INPROGRESS', 25, true, undefined]],
    [
      'MD18: Paused after it was resumed',
      [started, resumed, paused],
      ['INPROGRESS', 25, true, undefined],
    ],
    [
      'MD18: nothing after the end',
      [started, concluded, event('Inprogress', 9, { traffic_percentage: 50 })],
      ['CONCLUDED', 25, true, '7300-blue'],
    ],
    [
      'MD18: the end first, the beginning last',
      [concluded, started],
      ['CONCLUDED', 25, true, '7300-blue'],
    ],
    [
      'a late Started still tells that it was under way',
      [event('Discarded', 6, { started_at: null }), started],
      ['DISCARDED', 0, true, undefined],
    ],
  ]
  for (const [name, events, expected] of rows) {
    test(name, () => expect(shown(all(...events))).toEqual(expected))
  }

  test('S21: every order of a life, with repeats, ends in the same record', () => {
    const life = [created, started, wider, paused, resumed, concluded]
    const plain = ({ event: _event, ...rest }: ExperimentSpec): unknown => rest
    const expected = plain(all(...life))
    let seed = 7
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    for (let round = 0; round < 500; round += 1) {
      const events = [...life, ...life.filter(() => random(2) === 0)]
        .map((one) => [random(1000), one] as const)
        .toSorted(([one], [other]) => one - other)
        .map(([, one]) => one)
      expect(plain(all(...events))).toEqual(expected)
    }
  })

  test('two changes in one microsecond: an end is an end', () => {
    const end = event('Discarded', 3)
    expect(all(wider, end).state).toBe('DISCARDED')
    expect(all(end, wider).state).toBe('DISCARDED')
  })

  test('S11: the newest version of the configuration stays, also when an event names none', () => {
    const info = { config_version: '17' }
    const spec = all(
      event('Started', 2, {}, info),
      event('Paused', 3, {}, { config_version: null }),
    )
    expect(spec.configVersion).toBe('17')
  })

  test('the overrides of variants are not kept: they may hold secrets', () => {
    const variants = [{ id: 'a', variant_type: 'EXPERIMENTAL', overrides: { 'env.KEY': 'hush' } }]
    expect(JSON.stringify(all(event('Started', 2, { variants })))).not.toContain('hush')
  })
})

describe('events of old senders, without id, context and time', () => {
  const old = { id: undefined, context: undefined }
  const logic = { and: [{ '==': [{ var: 'namespace' }, 'mumbai'] }] }
  const one = [{ id: 'variant-123', variant_type: 'EXPERIMENTAL' }]
  const began = (): Said =>
    event('Started', undefined, { ...old, context: logic, variants: one, traffic_percentage: 10 })

  test('M11: Inprogress keeps the context, Concluded the traffic', () => {
    const spec = all(
      began(),
      event('Inprogress', undefined, { ...old, variants: one, traffic_percentage: 25 }),
      event('Concluded', undefined, {
        ...old,
        variants: one,
        traffic_percentage: undefined,
        chosen_variant: 'variant-123',
      }),
    )
    expect(shown(spec)).toEqual(['CONCLUDED', 25, true, 'variant-123'])
    expect(spec.context).toEqual({ namespace: 'mumbai' })
  })

  test('the same words again are no news; other words are, in the order in which they come', () => {
    const first = all(began())
    expect(entered(first, began()).kind).toBe('unchanged')
    const ramp = event('Inprogress', undefined, { ...old, variants: one, traffic_percentage: 25 })
    expect(entered(first, ramp)).toMatchObject({ kind: 'changed', spec: { trafficPercentage: 25 } })
  })

  test('time never goes back, whatever the clock does', () => {
    const first = all(began())
    const later = {
      ...event('Inprogress', undefined, { ...old, variants: one, traffic_percentage: 25 }),
      receivedAt: 0,
    }
    const spec = entered(first, later)
    expect(spec).toMatchObject({ kind: 'changed' })
    expect((spec as { spec: ExperimentSpec }).spec.lastModified > first.lastModified).toBe(true)
  })

  test('what Inprogress does not say of its variants stays', () => {
    const ramp = event('Inprogress', undefined, {
      ...old,
      id: '7300',
      variants: [],
      traffic_percentage: 25,
    })
    expect(all(began(), ramp).variants).toHaveLength(1)
  })
})

test('instants keep their microseconds', () => {
  expect(formatMicros(Date.UTC(2026, 0, 1) * 1000 + 7)).toBe('2026-01-01T00:00:00.000007Z')
})
