/** From the text of an expression to its words. */
import { type Fault, SyntaxFault } from './fault.ts'
import { type Literal, Uint } from './literal.ts'

export type Token = {
  readonly kind: 'end' | 'escaped' | 'ident' | 'literal' | 'sign'
  /** As written; of an escaped identifier, what is between the quotes. */
  readonly text: string
  readonly at: number
  readonly value?: Literal
}

const blank = /(?:[ \t\r\n\f]+|\/\/[^\n]*)*/y
const number =
  /0x[0-9a-fA-F]+[uU]?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?/y
const word = /[A-Za-z_][A-Za-z0-9_]*/y
const escaped = /`([A-Za-z0-9_./ -]+)`/y
const sign = /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y
const text = /([rR][bB]?|[bB][rR]?)?("""|'''|"|')/y

/** The words of a text; the last one is its end. What is no word is left out and told in `faults`. Throws a SyntaxFault. */
export function tokensOf(source: string, faults: Fault[]): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(source)
  }
  for (;;) {
    at += match(blank)?.[0].length ?? 0
    if (at >= source.length) {
      tokens.push({ kind: 'end', text: '<EOF>', at })
      return tokens
    }
    const opening = match(text)
    if (opening !== null) {
      const token = textToken(source, at, opening)
      if (typeof token === 'string') {
        faults.push({ at, message: unrecognised(token) })
        at += token.length
      } else {
        tokens.push(token)
        at += token.text.length
      }
      continue
    }
    const token = wordAt(at, match)
    if (token === undefined) {
      const bad = String.fromCodePoint(source.codePointAt(at) ?? 0)
      faults.push({ at, message: unrecognised(bad) })
      at += bad.length
      continue
    }
    tokens.push(token.token)
    at += token.length
  }
}

function unrecognised(text: string): string {
  return `Syntax error: token recognition error at: '${text}'`
}

type Match = (pattern: RegExp) => RegExpExecArray | null

function wordAt(at: number, match: Match): { token: Token; length: number } | undefined {
  const digits = match(number)?.[0]
  if (digits !== undefined) {
    const value = numberOf(digits, at)
    return { token: { kind: 'literal', text: digits, at, value }, length: digits.length }
  }
  const name = match(word)?.[0]
  if (name !== undefined) return { token: nameToken(name, at), length: name.length }
  const quoted = match(escaped)
  if (quoted !== null) {
    const token: Token = { kind: 'escaped', text: quoted[1] as string, at }
    return { token, length: quoted[0].length }
  }
  const found = match(sign)?.[0]
  if (found === undefined) return undefined
  return { token: { kind: 'sign', text: found, at }, length: found.length }
}

function nameToken(name: string, at: number): Token {
  switch (name) {
    case 'true':
    case 'false':
      return { kind: 'literal', text: name, at, value: name === 'true' }
    case 'null':
      return { kind: 'literal', text: name, at, value: null }
    case 'in':
      return { kind: 'sign', text: name, at }
    default:
      return { kind: 'ident', text: name, at }
  }
}

const maxInt = 2n ** 63n
const maxUint = 2n ** 64n

function numberOf(digits: string, at: number): Literal {
  if (/[uU]$/.test(digits)) {
    const value = BigInt(digits.slice(0, -1))
    if (value >= maxUint) throw new SyntaxFault(at, 'invalid uint literal')
    return new Uint(value)
  }
  if (/^(0x[0-9a-fA-F]+|\d+)$/.test(digits)) {
    const value = BigInt(digits)
    // One more than fits is let through, for a minus that may stand before it.
    if (value > maxInt) throw new SyntaxFault(at, 'invalid int literal')
    return value
  }
  return Number(digits)
}

/** The token, or what there is of one that does not end. */
function textToken(source: string, at: number, opening: RegExpExecArray): Token | string {
  const [head, prefix = '', quote = ''] = opening
  const raw = /r/i.test(prefix)
  const start = at + head.length
  let end = start
  for (;;) {
    if (source.startsWith(quote, end)) break
    const here = source[end]
    if (here === undefined || (quote.length === 1 && (here === '\n' || here === '\r'))) {
      return source.slice(at).split('\n')[0] as string
    }
    end += here === '\\' && !raw ? 2 : 1
  }
  const inner = source.slice(start, end)
  const whole = source.slice(at, end + quote.length)
  const bytes = /b/i.test(prefix)
  return { kind: 'literal', text: whole, at, value: valueOf(inner, raw, bytes, at) }
}

function valueOf(inner: string, raw: boolean, bytes: boolean, at: number): string | Uint8Array {
  if (!bytes) return raw ? inner : unescaped(inner, at)
  if (raw) return new Uint8Array(Buffer.from(inner))
  const parts = inner
    .split(/(\\[xX][0-9a-fA-F]{2}|\\[0-3][0-7]{2})/)
    .map((part, index) => (index % 2 === 1 ? byteOf(part) : Buffer.from(unescaped(part, at))))
  return new Uint8Array(Buffer.concat(parts))
}

function byteOf(escape: string): Buffer {
  const hex = /^\\[xX]/.test(escape)
  return Buffer.from([Number.parseInt(escape.slice(hex ? 2 : 1), hex ? 16 : 8)])
}

const short: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}
const escape =
  /\\(?:([abfnrtv])|(["'\\?`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]?))/g

function unescaped(inner: string, at: number): string {
  return inner.replace(escape, (whole, letter, same, x, u, long, octal, wrong) => {
    if (letter !== undefined) return short[letter] as string
    if (same !== undefined) return same as string
    if (wrong !== undefined) {
      throw new SyntaxFault(at, `Syntax error: token recognition error at: '${whole}'`)
    }
    const hex = (x ?? u ?? long) as string | undefined
    const point = hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16)
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      throw new SyntaxFault(at, 'invalid unicode code point')
    }
    return String.fromCodePoint(point)
  })
}
