/** Instants and durations: sentences for the odd texts, and JavaScript's own Date as the judge of the calendar. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatDuration,
  formatInstant,
  formatMicroTime,
  parseDuration,
  parseInstant,
} from './time.ts'

const at = (text: string): number => new Date(text).getTime()

describe('instants', () => {
  const read = [
    ['seconds alone', '2026-11-21T03:00:00Z', at('2026-11-21T03:00:00Z')],
    ['milliseconds', '2026-11-21T03:00:00.123Z', at('2026-11-21T03:00:00.123Z')],
    ['one digit of a fraction', '2026-11-21T03:00:00.5Z', at('2026-11-21T03:00:00.500Z')],
    ['microseconds, cut', '2026-11-21T03:00:00.123999Z', at('2026-11-21T03:00:00.123Z')],
    ['small letters', '2026-11-21t03:00:00z', at('2026-11-21T03:00:00Z')],
    ['an offset to the east', '2026-11-21T05:30:00+02:30', at('2026-11-21T03:00:00Z')],
    ['an offset to the west', '2026-11-20T22:00:00-05:00', at('2026-11-21T03:00:00Z')],
    ['a leap day', '2028-02-29T00:00:00Z', at('2028-02-29T00:00:00Z')],
    ['a leap second, as the next one', '2016-12-31T23:59:60Z', at('2017-01-01T00:00:00Z')],
    ['the years before the epoch', '1969-12-31T23:59:59.999Z', -1],
  ] as const
  for (const [name, text, instant] of read) {
    test(`reads ${name}`, () => expect(parseInstant(text)).toBe(instant))
  }

  const wrong = [
    ['nothing', undefined],
    ['the empty text', ''],
    ['a date without time', '2026-11-21'],
    ['no zone', '2026-11-21T03:00:00'],
    ['month 13', '2026-13-01T00:00:00Z'],
    ['month 0', '2026-00-01T00:00:00Z'],
    ['day 0', '2026-01-00T00:00:00Z'],
    ['30 February', '2026-02-30T00:00:00Z'],
    ['29 February of a common year', '2100-02-29T00:00:00Z'],
    ['31 April', '2026-04-31T00:00:00Z'],
    ['hour 24', '2026-11-21T24:00:00Z'],
    ['minute 60', '2026-11-21T00:60:00Z'],
    ['second 61', '2026-11-21T00:00:61Z'],
    ['an offset of 24 hours', '2026-11-21T00:00:00+24:00'],
    ['something behind it', '2026-11-21T03:00:00Z\n'],
    ['a negative year', '-2026-11-21T03:00:00Z'],
    ['digits of another script', '２０２６-11-21T03:00:00Z'],
  ] as const
  for (const [name, text] of wrong) {
    test(`does not read ${name}`, () => expect(parseInstant(text)).toBeUndefined())
  }

  const instants = fc.integer({ min: at('0001-01-01T00:00:00Z'), max: at('9999-12-31T23:59:59Z') })

  test('says what Date says, and reads what it says', () => {
    fc.assert(
      fc.property(instants, (instant) => {
        const text = new Date(instant).toISOString()
        expect(formatInstant(instant)).toBe(text)
        expect(parseInstant(text)).toBe(instant)
      }),
    )
  })

  test('takes a date exactly when Date gives the same date back', () => {
    const field = (max: number) => fc.integer({ min: 0, max })
    fc.assert(
      fc.property(field(9999), field(14), field(33), (year, month, day) => {
        const two = (value: number): string => String(value).padStart(2, '0')
        const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
        const judge = new Date(`${date}T00:00:00Z`)
        const real = !Number.isNaN(judge.getTime()) && judge.toISOString().slice(0, 10) === date
        expect(parseInstant(`${date}T00:00:00Z`)).toBe(real ? judge.getTime() : undefined)
      }),
      { numRuns: 1000 },
    )
  })

  test('MicroTime has six digits', () => {
    expect(formatMicroTime(at('2026-11-21T03:00:00.123Z'))).toBe('2026-11-21T03:00:00.123000Z')
  })
})

describe('durations', () => {
  const rows = [
    ['0', 0],
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['1m5ms', 60_005],
    ['', undefined],
    ['5', undefined],
    ['-5m', undefined],
    ['1.5h', undefined],
    ['1e9h', undefined],
    ['5 m', undefined],
    ['5m ', undefined],
    ['5M', undefined],
    ['4000d', undefined],
    [`${'9'.repeat(400)}s`, undefined],
    ['NaN', undefined],
    ['5m\n', undefined],
  ] as const
  for (const [text, durationMs] of rows) {
    test(`${JSON.stringify(text.slice(0, 20))} is ${durationMs ?? 'no duration'}`, () =>
      expect(parseDuration(text)).toBe(durationMs))
  }

  test('what is said is read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3650 * 86_400_000 }), (durationMs) => {
        expect(parseDuration(formatDuration(durationMs))).toBe(durationMs)
      }),
    )
  })

  test('the shortest text is said', () => {
    expect([0, 500, 90_000, 5_400_000, 86_400_000, -1].map(formatDuration)).toEqual([
      '0s',
      '500ms',
      '1m30s',
      '1h30m',
      '1d',
      '0s',
    ])
  })
})
