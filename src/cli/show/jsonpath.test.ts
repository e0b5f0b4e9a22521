/** Templates as kubectl's users write them. */
import { expect, test } from 'vitest'
import { jsonpath } from './jsonpath.ts'

const object = {
  kind: 'List',
  items: [
    { name: 'a', n: 1, labels: { 'x.y/z': 'one' }, on: true },
    { name: 'b', n: 2, labels: { 'x.y/z': 'two' }, list: [1, 2, 3] },
  ],
}

const rows: readonly (readonly [string, string, string])[] = [
  ['a path', '{.kind}', 'List'],
  ['without braces', '.kind', 'List'],
  ['from the root', '{$.kind}', 'List'],
  ['text around it', 'is {.kind}!', 'is List!'],
  ['all of a list, with blanks', '{.items[*].name}', 'a b'],
  ['by index, also from the end', '{.items[0].name}{.items[-1].name}', 'ab'],
  ['a slice', '{.items[1].list[0:2]}', '1 2'],
  ['a key with dots', String.raw`{.items[0].labels.x\.y/z}{.items[1].labels['x.y/z']}`, 'onetwo'],
  ['a range with its text', '{range .items[*]}{.name}={.n}{"\\n"}{end}', 'a=1\nb=2\n'],
  ['a filter by text', '{.items[?(@.name=="b")].n}', '2'],
  ['a filter by number', '{.items[?(@.n>1)].name}', 'b'],
  ['a filter by presence', '{.items[?(@.on)].name}', 'a'],
  ['anywhere below', '{..name}', 'a b'],
  ['an object as JSON', '{.items[0].labels}', '{"x.y/z":"one"}'],
  ['what is not there', '{.nothing.at.all}', ''],
]
for (const [name, template, text] of rows) {
  test(name, () => expect(jsonpath(template, object)).toBe(text))
}

const wrong: readonly (readonly [string, string, RegExp])[] = [
  ['a range without an end', '{range .items[*]}{.name}', /\{range …\} has no \{end\}/],
  ['an end without a range', '{end}', /\{end\} without \{range …\}/],
  ['what cannot be read', '{.items[x]}', /cannot be read at \[x\]/],
]
for (const [name, template, sentence] of wrong) {
  test(`${name} is told`, () => expect(() => jsonpath(template, object)).toThrow(sentence))
}
