/** Reading the declarations of functions: `NAME: ID (ARGUMENTS) RESULT`. */
import { listOf, mapOf, opaque, param, type Type, unopened } from './types.ts'

export type Overload = {
  readonly id: string
  readonly member: boolean
  /** The target of a member first. */
  readonly args: readonly Type[]
  readonly result: Type
  /** Names of the types that are open. */
  readonly open: readonly string[]
}

/** The types that can be ordered. */
export const sides = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration']

/** Reads declarations, one overload a line. */
export function functionsOf(lines: readonly string[]): ReadonlyMap<string, readonly Overload[]> {
  const functions = new Map<string, Overload[]>()
  for (const line of lines) {
    const colon = line.lastIndexOf(': ')
    const name = line.slice(0, colon)
    const known = functions.get(name) ?? []
    functions.set(name, known)
    known.push(overloadOf(line.slice(colon + 2)))
  }
  return functions
}

function overloadOf(text: string): Overload {
  const reader = new TypeReader(text)
  const id = reader.word()
  reader.blank()
  const target = reader.at('(') ? undefined : reader.type()
  if (target !== undefined) reader.expect('.')
  const given = reader.types()
  reader.blank()
  const result = reader.type()
  const args = target === undefined ? given : [target, ...given]
  return { id, member: target !== undefined, args, result, open: [...reader.open] }
}

const scalars = new Set([...sides, 'dyn', 'null'])

class TypeReader {
  readonly open = new Set<string>()
  private readonly text: string
  private index = 0

  constructor(text: string) {
    this.text = text
  }

  at(sign: string): boolean {
    return this.text.startsWith(sign, this.index)
  }

  expect(sign: string): void {
    if (!this.at(sign)) throw new Error(`${sign} is missing in ${this.text}`)
    this.index += sign.length
  }

  blank(): void {
    while (this.at(' ')) this.index += 1
  }

  word(): string {
    const match = /[^\s(),]+/y
    match.lastIndex = this.index
    const found = match.exec(this.text)?.[0] ?? ''
    this.index += found.length
    return found
  }

  types(): Type[] {
    this.expect('(')
    const types: Type[] = []
    while (!this.at(')')) {
      types.push(this.type())
      if (this.at(',')) this.expect(',')
      this.blank()
    }
    this.expect(')')
    return types
  }

  type(): Type {
    const match = /(?:net|kubernetes)(?:\.[A-Za-z]+)+|[A-Za-z]+/y
    match.lastIndex = this.index
    const name = match.exec(this.text)?.[0] ?? ''
    this.index += name.length
    if (scalars.has(name)) return { kind: name } as Type
    if (/^[A-Z]$/.test(name)) {
      this.open.add(name)
      return param(name)
    }
    if (name.startsWith('kubernetes.authorization.')) return unopened(name)
    const [first, second] = this.at('(') ? this.types() : []
    if (first === undefined) return opaque(name)
    if (name === 'list') return listOf(first)
    if (name === 'map') return mapOf(first, second as Type)
    if (name === 'type') return { kind: 'type', of: first }
    return opaque('optional_type', first)
  }
}
