/** What events say: today's, the document's, and what is none. */
import { describe, expect, test } from 'vitest'
import { readContext } from './context.ts'
import { type ExperimentSaid, microsOf, readEvent, type SuperpositionEvent } from './event.ts'

const today = {
  event_info: {
    webhook_event: 'ExperimentStarted',
    resource: 'experiment',
    action: 'Update',
    time: '2026-11-21 10:00:00.123456789 UTC',
    workspace_id: 'nginxservice',
    organisation_id: 'orgid123',
    config_version: '7300000000000000001',
  },
  payload: {
    id: '7300000000000000000',
    created_at: '2026-11-20T09:00:00Z',
    created_by: 'ann@example.com',
    last_modified: '2026-11-21T10:00:00.123456Z',
    name: 'bigger image',
    experiment_type: 'DEFAULT',
    override_keys: ['container.image'],
    status: 'INPROGRESS',
    traffic_percentage: 10,
    started_at: '2026-11-21T10:00:00Z',
    started_by: 'ann@example.com',
    context: { namespace: 'mumbai' },
    variants: [
      {
        id: '7300000000000000000-control',
        variant_type: 'CONTROL',
        overrides: { 'container.image': 'nginx:1' },
      },
      {
        id: '7300000000000000000-blue',
        variant_type: 'EXPERIMENTAL',
        context_id: 'c',
        override_id: 'o',
        overrides: { 'container.image': 'nginx:2' },
      },
    ],
    last_modified_by: 'ann@example.com',
    chosen_variant: null,
    description: 'd',
    change_reason: 'r',
    metrics: { enabled: false },
    metrics_url: null,
    experiment_group_id: null,
  },
}

type Body = Record<string, unknown>
const changed = (payload: Body = {}, info: Body = {}): string =>
  JSON.stringify({
    event_info: { ...today.event_info, ...info },
    payload: { ...today.payload, ...payload },
  })

function said(text: string): ExperimentSaid {
  const event = readEvent(text) as Extract<SuperpositionEvent, { kind: 'experiment' }>
  expect(event.kind).toBe('experiment')
  return event.said
}

describe('an event of today', () => {
  test('S11, S12, S14: everything that is needed is read, ids as text', () => {
    const event = readEvent(changed()) as Extract<SuperpositionEvent, { kind: 'experiment' }>
    expect(event.event).toBe('ExperimentStarted')
    expect(event.origin).toEqual({
      organisation: 'orgid123',
      workspace: 'nginxservice',
      configVersion: '7300000000000000001',
      time: Date.UTC(2026, 10, 21, 10) * 1000 + 123_456,
    })
    expect(event.said).toMatchObject({
      id: '7300000000000000000',
      state: 'INPROGRESS',
      trafficPercentage: 10,
      chosenVariant: undefined,
      started: true,
      lastModified: Date.UTC(2026, 10, 21, 10) * 1000 + 123_456,
      variants: [
        { id: '7300000000000000000-control', type: 'CONTROL' },
        { id: '7300000000000000000-blue', type: 'EXPERIMENTAL' },
      ],
    })
  })

  test('S12: an id that is written as a number keeps all of its digits', () => {
    const text = changed().replace('"id":"7300000000000000000",', '"id":7300000000000000001,')
    expect(said(text).id).toBe('7300000000000000001')
  })

  test('S11: a list of actions and config_version null are no trouble', () => {
    const event = readEvent(changed({}, { action: ['Update', 'Delete'], config_version: null }))
    expect(event).toMatchObject({ kind: 'experiment', origin: { configVersion: undefined } })
  })

  const states: readonly [string, string, string | undefined, string][] = [
    ['S01: Created', 'ExperimentCreated', undefined, 'CREATED'],
    ['S02: Started, even with 0', 'ExperimentStarted', undefined, 'INPROGRESS'],
    ['S03: Inprogress', 'ExperimentInprogress', undefined, 'INPROGRESS'],
    ['S04: Updated', 'ExperimentUpdated', undefined, 'CREATED'],
    ['S05: Paused', 'ExperimentPaused', undefined, 'PAUSED'],
    ['S06: Concluded', 'ExperimentConcluded', undefined, 'CONCLUDED'],
    ['S07: Discarded', 'ExperimentDiscarded', undefined, 'DISCARDED'],
    [
      'MD11: the payload is newer than the name of its event',
      'ExperimentInprogress',
      'PAUSED',
      'PAUSED',
    ],
    ['MD11: a status that is not known leaves the name', 'ExperimentPaused', 'RESTING', 'PAUSED'],
  ]
  for (const [name, webhook_event, status, state] of states) {
    test(name, () => {
      expect(said(changed({ status, traffic_percentage: 0 }, { webhook_event })).state).toBe(state)
    })
  }

  test('S08: ConfigChanged is understood, whatever its payload', () => {
    const event = readEvent(
      changed([] as unknown as Body, { webhook_event: 'ConfigChanged', action: ['Create'] }),
    )
    expect(event).toMatchObject({ kind: 'config', origin: { workspace: 'nginxservice' } })
  })

  test('M06: the name is spelt exactly; others are ignored', () => {
    for (const webhook_event of ['ExperimentInProgress', 'experimentstarted', 'SomethingNew'])
      expect(readEvent(changed({}, { webhook_event }))).toEqual({
        kind: 'ignored',
        event: webhook_event,
      })
  })
})

describe('what can never work is refused with a sentence', () => {
  const three = ['a', 'b', 'c'].map((id) => ({ id, variant_type: 'EXPERIMENTAL' }))
  const rows: readonly [string, string, 400 | 422, RegExp][] = [
    ['M03: no JSON', '{"event_info"', 400, /no JSON object/],
    ['M03: nothing', '', 400, /no JSON object/],
    ['a list', '[]', 400, /no JSON object/],
    ['no event_info', '{}', 400, /event_info/],
    ['no event', '{"event_info":{}}', 400, /webhook_event/],
    ['no workspace', changed({}, { workspace_id: '' }), 400, /workspace_id/],
    [
      'no payload',
      '{"event_info":{"webhook_event":"ExperimentPaused","workspace_id":"a"}}',
      400,
      /payload/,
    ],
    ['variants that are no list', changed({ variants: {} }), 400, /no list/],
    ['a variant without id', changed({ variants: [{}] }), 400, /variants\[0\]\.id/],
    [
      'M09: a variant of another type',
      changed({ variants: [{ id: 'a' }] }),
      422,
      /CONTROL nor EXPERIMENTAL/,
    ],
    ['the same variant twice', changed({ variants: [three[0], three[0]] }), 422, /twice/],
    [
      'too many variants',
      changed({
        variants: Array.from({ length: 17 }, (_, i) => ({
          id: `v${i}`,
          variant_type: 'EXPERIMENTAL',
        })),
      }),
      422,
      /more than 16/,
    ],
    [
      'nothing to try',
      changed({ variants: [{ id: 'a', variant_type: 'CONTROL' }] }),
      422,
      /nothing to try/,
    ],
    ['nothing to start', changed({ variants: [] }), 422, /nothing to start/],
    ['MD24: more than all', changed({ traffic_percentage: 101 }), 422, /0 to 100/],
    ['MD24: less than nothing', changed({ traffic_percentage: -1 }), 422, /0 to 100/],
    ['M10: a fraction', changed({ traffic_percentage: 0.5 }), 422, /whole number/],
    ['M10: a text', changed({ traffic_percentage: '10' }), 422, /whole number/],
    ['no percentage', changed({ traffic_percentage: null }), 422, /missing/],
    [
      'S15: shares of all variants together are above 100',
      changed({ variants: three, traffic_percentage: 34 }),
      422,
      /3 × 34/,
    ],
    [
      'an experiment without a name',
      changed({ id: null, variants: [] }, { webhook_event: 'ExperimentPaused' }),
      422,
      /names neither/,
    ],
  ]
  for (const [name, text, code, why] of rows) {
    test(name, () => {
      const refusal = readEvent(text)
      expect(refusal).toMatchObject({ kind: 'refused', code })
      expect((refusal as { why: string }).why).toMatch(why)
    })
  }

  test('weakness 2: no mutation of an event makes the reader throw', () => {
    const base = changed()
    let seed = 1
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    const junk = ['null', '[]', '{}', '""', '-1', '1e999', 'true', '"\\u0000"', '[[[]]]']
    for (let round = 0; round < 3000; round += 1) {
      const at = random(base.length)
      const text = `${base.slice(0, at)}${junk[random(junk.length)]}${base.slice(at + random(40))}`
      expect(['ignored', 'config', 'experiment', 'refused']).toContain(readEvent(text).kind)
    }
    expect(readEvent('['.repeat(200_000)).kind).toBe('refused')
  })
})

describe('the context', () => {
  const logic = (...terms: unknown[]): unknown => ({ and: terms })
  const is = (name: string, value: unknown): unknown => ({ '==': [{ var: name }, value] })
  const rows: readonly [string, unknown, string | undefined, object][] = [
    [
      'M08: JSON-logic as the document prints it',
      logic(is('namespace', 'mumbai')),
      'mumbai',
      { namespace: 'mumbai' },
    ],
    [
      'MD02: the dimension is looked for in all terms',
      logic(is('city', 'x'), is('namespace', 'delhi')),
      'delhi',
      { city: 'x', namespace: 'delhi' },
    ],
    ['M08: else the first text counts', logic(is('place', 'delhi')), 'delhi', { place: 'delhi' }],
    [
      'operands in the other order',
      logic({ '==': ['pune', { var: 'namespace' }] }),
      'pune',
      { namespace: 'pune' },
    ],
    [
      'S13: a flat context',
      { namespace: 'mumbai', tier: 2 },
      'mumbai',
      { namespace: 'mumbai', tier: 2 },
    ],
    ['S13: a flat one that names no namespace', { tier: 'gold' }, undefined, { tier: 'gold' }],
    ['a namespace that is no text', { namespace: 7 }, undefined, { namespace: 7 }],
    [
      'M08: JSON-logic without any text',
      logic({ '==': [{ var: 'namespace' }, 1] }),
      undefined,
      { namespace: 1 },
    ],
    ['another condition', logic({ '>': [1, 2] }), undefined, {}],
    ['none', undefined, undefined, {}],
  ]
  for (const [name, context, namespace, dimensions] of rows) {
    test(name, () => expect(readContext(context, 'namespace')).toEqual({ namespace, dimensions }))
  }

  test('M14: another dimension may name the namespace', () => {
    expect(readContext({ city: 'mumbai', namespace: 'x' }, 'city').namespace).toBe('mumbai')
  })
})

describe('times', () => {
  const rows: readonly [string, unknown, number | undefined][] = [
    [
      'S11: a date, a time and UTC',
      '2026-11-21 10:00:00.5 UTC',
      Date.UTC(2026, 10, 21, 10) * 1000 + 500_000,
    ],
    [
      'S11: the same without a fraction',
      '2026-11-21 10:00:00 UTC',
      Date.UTC(2026, 10, 21, 10) * 1000,
    ],
    [
      'RFC 3339 with nanoseconds',
      '2026-11-21T10:00:00.123456789Z',
      Date.UTC(2026, 10, 21, 10) * 1000 + 123_456,
    ],
    ['another zone', '2026-11-21T10:00:00+05:30', Date.UTC(2026, 10, 21, 4, 30) * 1000],
    ['nonsense', 'yesterday', undefined],
    ['no text', 7, undefined],
  ]
  for (const [name, text, micros] of rows) {
    test(name, () => expect(microsOf(text)).toBe(micros))
  }
})
