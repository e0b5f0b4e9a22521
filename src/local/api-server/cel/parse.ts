/** From text to an expression: the grammar of CEL, with optional fields and indices. */
import { Builder } from './build.ts'
import type { Expr, MapEntry } from './expr.ts'
import { type Fault, SyntaxFault } from './fault.ts'
import { expandHas, expandMember } from './macros.ts'
import { type Token, tokensOf } from './scan.ts'

/** Expressions nested deeper than this are refused. */
const depthMax = 250

export type Parsed =
  | { readonly kind: 'expr'; readonly expr: Expr }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] }

/** The expression, or what is wrong with the text. */
export function parse(source: string): Parsed {
  const faults: Fault[] = []
  try {
    const expr = new Parser(tokensOf(source, faults)).whole()
    if (faults.length === 0) return { kind: 'expr', expr }
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error
    faults.push({ at: error.at, message: error.message })
  }
  return { kind: 'faults', faults }
}

const primaries =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const reserved = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)
const relations = new Set(['<', '<=', '>', '>=', '==', '!=', 'in'])

class Parser {
  private readonly build = new Builder()
  private readonly tokens: readonly Token[]
  private index = 0
  private depth = 0

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
  }

  whole(): Expr {
    const expr = this.expr()
    const { kind, text, at } = this.next
    if (kind === 'end') return expr
    throw new SyntaxFault(at, `Syntax error: mismatched input '${text}' expecting <EOF>`)
  }

  private get next(): Token {
    return this.tokens[this.index] as Token
  }

  private is(text: string): boolean {
    return this.next.kind === 'sign' && this.next.text === text
  }

  private take(): Token {
    const token = this.next
    if (token.kind !== 'end') this.index += 1
    return token
  }

  private accept(text: string): Token | undefined {
    return this.is(text) ? this.take() : undefined
  }

  private expect(text: string): Token {
    const found = this.accept(text)
    if (found !== undefined) return found
    const { kind, text: given, at } = this.next
    const why =
      kind === 'end' && text !== ':'
        ? `missing '${text}' at '${given}'`
        : `mismatched input '${given}' expecting '${text}'`
    throw new SyntaxFault(at, `Syntax error: ${why}`)
  }

  private expr(): Expr {
    this.depth += 1
    if (this.depth > depthMax) {
      throw new SyntaxFault(this.next.at, `expression recursion limit exceeded: ${depthMax}`)
    }
    const first = this.or()
    const question = this.accept('?')
    let result = first
    if (question !== undefined) {
      const yes = this.or()
      this.expect(':')
      result = this.build.call(question.at, '_?_:_', first, yes, this.expr())
    }
    this.depth -= 1
    return result
  }

  private or(): Expr {
    return this.chain('||', '_||_', () => this.and())
  }

  private and(): Expr {
    return this.chain('&&', '_&&_', () => this.relation())
  }

  /** Long chains become balanced trees. */
  private chain(sign: string, name: string, term: () => Expr): Expr {
    const terms = [term()]
    const places: number[] = []
    while (this.is(sign)) {
      places.push(this.take().at)
      terms.push(term())
    }
    return this.balanced(name, terms, places, 0, places.length - 1)
  }

  private balanced(
    name: string,
    terms: readonly Expr[],
    places: readonly number[],
    low: number,
    high: number,
  ): Expr {
    if (places.length === 0) return terms[0] as Expr
    const middle = Math.floor((low + high + 1) / 2)
    const left =
      middle === low ? (terms[middle] as Expr) : this.balanced(name, terms, places, low, middle - 1)
    const right =
      middle === high
        ? (terms[middle + 1] as Expr)
        : this.balanced(name, terms, places, middle + 1, high)
    return this.build.call(places[middle] as number, name, left, right)
  }

  private relation(): Expr {
    let left = this.sum()
    while (this.next.kind === 'sign' && relations.has(this.next.text)) {
      const { text, at } = this.take()
      const name = text === 'in' ? '@in' : `_${text}_`
      left = this.build.call(at, name, left, this.sum())
    }
    return left
  }

  private sum(): Expr {
    let left = this.product()
    while (this.is('+') || this.is('-')) {
      const { text, at } = this.take()
      left = this.build.call(at, `_${text}_`, left, this.product())
    }
    return left
  }

  private product(): Expr {
    let left = this.unary()
    while (this.is('*') || this.is('/') || this.is('%')) {
      const { text, at } = this.take()
      left = this.build.call(at, `_${text}_`, left, this.unary())
    }
    return left
  }

  private unary(): Expr {
    const sign = this.is('!') ? '!' : this.is('-') ? '-' : undefined
    if (sign === undefined) return this.member()
    const { at } = this.next
    let count = 0
    while (this.accept(sign) !== undefined) count += 1
    const { kind, value } = this.next
    if (sign === '-' && count % 2 === 1 && kind === 'literal') {
      // A minus belongs to the number it stands before, and to what follows only then.
      if (typeof value === 'bigint' || typeof value === 'number') {
        this.take()
        const negative = typeof value === 'bigint' ? -value : -value
        return this.members(this.build.literal(at, negative))
      }
    }
    const operand = this.member()
    if (count % 2 === 0) return operand
    return this.build.call(at, sign === '!' ? '!_' : '-_', operand)
  }

  private member(): Expr {
    return this.members(this.primary())
  }

  private members(first: Expr): Expr {
    let operand = first
    for (;;) {
      const dot = this.accept('.')
      if (dot !== undefined) {
        operand = this.afterDot(operand, dot.at)
        continue
      }
      const bracket = this.accept('[')
      if (bracket === undefined) return operand
      const optional = this.accept('?') !== undefined
      const index = this.expr()
      this.expect(']')
      operand = this.build.call(bracket.at, optional ? '_[?_]' : '_[_]', operand, index)
    }
  }

  private afterDot(operand: Expr, at: number): Expr {
    const optional = this.accept('?') !== undefined
    const { kind, text, at: nameAt } = this.take()
    if (kind !== 'ident' && kind !== 'escaped') {
      throw new SyntaxFault(nameAt, `Syntax error: no viable alternative at input '.${text}'`)
    }
    if (optional) {
      return this.build.call(at, '_?._', operand, this.build.literal(nameAt, text))
    }
    const open = kind === 'ident' ? this.accept('(') : undefined
    if (open === undefined) return this.build.select(at, operand, text)
    const args = this.arguments()
    const site = { build: this.build, at: open.at, target: operand, args }
    return expandMember(text, site) ?? this.build.member(open.at, operand, text, ...args)
  }

  private arguments(): Expr[] {
    const args: Expr[] = []
    if (this.accept(')') !== undefined) return args
    do args.push(this.expr())
    while (this.accept(',') !== undefined)
    this.expect(')')
    return args
  }

  private primary(): Expr {
    const { kind, text, at, value } = this.take()
    if (kind === 'literal') {
      if (typeof value === 'bigint' && value >= 2n ** 63n) {
        throw new SyntaxFault(at, 'invalid int literal')
      }
      return this.build.literal(at, value ?? null)
    }
    if (kind === 'ident') return this.named(text, at)
    if (kind === 'sign') {
      if (text === '(') {
        const inner = this.expr()
        this.expect(')')
        return inner
      }
      if (text === '[') return this.list(at)
      if (text === '{') return this.map(at)
      if (text === '.' && this.next.kind === 'ident') {
        const name = this.take()
        return this.named(name.text, name.at)
      }
      if (text === '-' && typeof this.next.value === 'bigint') {
        return this.build.literal(at, -(this.take().value as bigint))
      }
      if (text === '-' && typeof this.next.value === 'number') {
        return this.build.literal(at, -(this.take().value as number))
      }
    }
    const why = `mismatched input '${text}' expecting ${primaries}`
    throw new SyntaxFault(at, `Syntax error: ${why}`)
  }

  private named(name: string, at: number): Expr {
    if (reserved.has(name)) throw new SyntaxFault(at, `reserved identifier: ${name}`)
    const open = this.accept('(')
    if (open === undefined) return this.build.ident(at, name)
    const args = this.arguments()
    const [only] = args
    if (name === 'has' && args.length === 1) return expandHas(this.build, open.at, only as Expr)
    return this.build.call(open.at, name, ...args)
  }

  private list(at: number): Expr {
    const items: Expr[] = []
    const optional = new Set<number>()
    while (!this.is(']')) {
      if (this.accept('?') !== undefined) optional.add(items.length)
      items.push(this.expr())
      if (this.accept(',') === undefined) break
    }
    this.expect(']')
    return this.build.list(at, items, optional)
  }

  private map(at: number): Expr {
    const entries: MapEntry[] = []
    while (!this.is('}')) {
      const optional = this.accept('?') !== undefined
      const key = this.expr()
      this.expect(':')
      entries.push({ key, value: this.expr(), optional })
      if (this.accept(',') === undefined) break
    }
    this.expect('}')
    return this.build.map(at, entries)
  }
}
