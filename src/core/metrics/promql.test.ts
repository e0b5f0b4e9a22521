/** Arguments in queries: where they stand, how they are spelt, and that no value changes what a query asks. */
import { parser } from '@prometheus-io/lezer-promql'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fill, placesOf } from './promql.ts'

describe('where an argument stands', () => {
  const rows = [
    ['up[{{w}}]', [['w', undefined, false]]],
    ['up{a="{{x}}"}', [['x', '"', false]]],
    ["up{a='{{x}}'}", [['x', "'", false]]],
    ['up{a=`{{x}}`}', [['x', '`', false]]],
    ['up{a=~"{{x}}"}', [['x', '"', true]]],
    [
      'up{a !~ "{{x}}", b="{{y}}"}',
      [
        ['x', '"', true],
        ['y', '"', false],
      ],
    ],
    ['up{a=~ # {{no}} "\n"{{x}}"}', [['x', '"', true]]],
    ['up # {{no}}', []],
    ['up{a="# {{x}}"}', [['x', '"', false]]],
    ['up{a="\\"{{x}}"}', [['x', '"', false]]],
    ['up{a="\\\\"}[{{w}}]', [['w', undefined, false]]],
    ['up{a=`\\`}[{{w}}]', [['w', undefined, false]]],
    ['up{a="\\{{x}}"}', []],
    ['up{{{l}}}', [['l', undefined, false]]],
    ['{{ x }}', []],
    ['{{x', []],
  ] as const
  for (const [text, places] of rows)
    test(text.replaceAll('\n', '⏎'), () =>
      expect(placesOf(text).map(({ name, quote, pattern }) => [name, quote, pattern])).toEqual(
        places,
      ),
    )
})

/** Every matcher of every selector of a query: label, operator and the value that a server would compare with. */
function matchersOf(query: string): readonly (readonly string[])[] {
  const found: string[][] = []
  parser.parse(query).iterate({
    enter: ({ name, from, to, type }) => {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${query}`)
      if (name === 'LabelName' || name === 'MatchOp') found.push([name, query.slice(from, to)])
      if (name === 'StringLiteral') found.push([name, unquoted(query.slice(from, to))])
    },
  })
  return found
}

/** A literal as Go reads it, which is what Prometheus does. */
function unquoted(literal: string): string {
  const body = literal.slice(1, -1)
  if (literal.startsWith('`')) return body
  if (!literal.startsWith("'")) return JSON.parse(literal) as string
  if (body.replaceAll(/\\./g, '').includes("'")) throw new Error(`not closed: ${literal}`)
  if (/(^|[^\\])(\\\\)*\\"/.test(body)) throw new Error(`Go has no \\" within '…': ${literal}`)
  const inner = body.replaceAll(/\\.|"/g, (part) =>
    part === '"' ? '\\"' : part === "\\'" ? "'" : part,
  )
  return JSON.parse(`"${inner}"`) as string
}

const nasty = [
  'a"} or vector(1) or up{x="',
  "a'} or vector(1) or up{x='",
  'a`} or vector(1) or up{x=`',
  'a\\',
  'a\\"',
  "a\\'",
  'a\nb',
  'a\r\nb',
  'a\u2028b',
  'a\u0000b',
  '{{w}}',
  '{{x}}',
  '$&$1$$',
  '}',
  ')',
  '#',
  '',
  '.*',
  'a|b',
  '\\d+',
]
const anyText = fc.oneof(
  fc.constantFrom(...nasty),
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('"', "'", '`', '\\', '{', '}', '\n', 'x', '=', ',', '#', '~'),
  }),
)
const own = { w: '60s' }

describe('whatever the value', () => {
  const queries = [
    ['double quotes', 'sum(rate(up{a="{{x}}", b="c"}[{{w}}]))', (value: string) => value],
    ['single quotes', "sum(rate(up{a='{{x}}', b='c'}[{{w}}]))", (value: string) => value],
    [
      'back quotes',
      'sum(rate(up{a=`{{x}}`, b="c"}[{{w}}]))',
      (value: string) => value.replaceAll('`', '\ufffd'),
    ],
    ['a text around it', 'up{a="before {{x}} after"}', (value: string) => `before ${value} after`],
  ] as const
  for (const [name, query, meant] of queries)
    test(`in ${name}: the same matchers, and the value itself`, () => {
      const known = matchersOf(fill(query, { own, texts: { x: 'X' } })).map((one) =>
        one[0] === 'StringLiteral' ? ['StringLiteral', one[1]?.replace('X', () => '')] : one,
      )
      fc.assert(
        fc.property(anyText, (value) => {
          const found = matchersOf(fill(query, { own, texts: { x: value } }))
          expect(found.length).toBe(known.length)
          expect(found.filter(([kind]) => kind !== 'StringLiteral')).toEqual(
            known.filter(([kind]) => kind !== 'StringLiteral'),
          )
          const literal = found.find(([kind]) => kind === 'StringLiteral')?.[1]
          expect(literal).toBe(meant(value.toWellFormed()))
        }),
        { numRuns: 1000 },
      )
    })

  for (const quote of ['"', "'"]) {
    test(`after =~ in ${quote}: only itself matches`, () => {
      fc.assert(
        fc.property(anyText, anyText, (value, other) => {
          const query = fill(`up{a=~${quote}{{x}}${quote}}`, { own, texts: { x: value } })
          const [, , pattern] = matchersOf(query)
          const anchored = new RegExp(`^(?:${pattern?.[1] ?? ''})$`)
          expect(anchored.test(value.toWellFormed())).toBe(true)
          if (other.toWellFormed() !== value.toWellFormed())
            expect(anchored.test(other.toWellFormed())).toBe(false)
        }),
        { numRuns: 1000 },
      )
    })
  }
})

describe('what is not put in', () => {
  const values = { own: { w: '60s' }, texts: { x: 'X' } }
  const rows = [
    ['a text outside of quotes', 'up{a={{x}}}'],
    ['our own within quotes', 'up{a="{{w}}"}'],
    ['what nobody knows', 'up{a="{{y}}"}[{{v}}]'],
    ['what every object has', 'up{a="{{constructor}}"}[{{toString}}]'],
    ['what stands in a comment', 'up # {{w}} "{{x}}"'],
  ] as const
  for (const [name, query] of rows) test(name, () => expect(fill(query, values)).toBe(query))
})

test('half a character is replaced', () => {
  expect(fill('up{a="\ud800{{x}}"}', { own, texts: { x: '\udc00' } })).toBe('up{a="\ufffd\ufffd"}')
})
