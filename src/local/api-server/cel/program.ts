/** From the text of an expression to something that can be evaluated, or to what is wrong with it. */
import { type Checked, check, type Environment } from './check.ts'
import { type Compiled, evaluate, type Outcome, type Variables } from './evaluate.ts'
import type { Call, Expr } from './expr.ts'
import { type Fault, shownFaults } from './fault.ts'
import { formatFaults } from './functions/format-text.ts'
import { patternOf, searchFault } from './functions/regex.ts'
import { parseDuration, parseTimestamp } from './functions/time.ts'
import { implementationOf } from './functions.ts'
import { parse } from './parse.ts'
import { dyn, shownType, type Type } from './types.ts'

export type Program = {
  readonly checked: Checked
  /** The type of its result. */
  readonly type: Type
  readonly run: (variables: Variables, limit: number) => Outcome
}

/** The program, or the sentences about what is wrong with the text. */
export function compile(source: string, environment: Environment): Program | string {
  const parsed = parse(source)
  if (parsed.kind === 'faults') return shownFaults(source, parsed.faults)
  const { expr } = parsed
  const checked = check(expr, environment)
  const faults = checked.faults.length > 0 ? checked.faults : literalFaults(checked)
  if (faults.length > 0) return shownFaults(source, faults)
  const { calls, typeNames, qualified } = checked
  const compiled: Compiled = { expr, calls, typeNames, qualified }
  return {
    checked,
    type: checked.types.get(expr.id) ?? { kind: 'dyn' },
    run: (variables, limit) => evaluate(compiled, variables, limit),
  }
}

/** What a program yields, as a word: `bool`, `list(string)`. */
export function shownResult({ type }: Program): string {
  return shownType(type)
}

/** Literals that can only be wrong: an instant, a duration, a pattern that is none. */
function literalFaults(checked: Checked): Fault[] {
  const faults: Fault[] = []
  for (const call of callsOf(checked.expr)) {
    const name = checked.calls.get(call.id)?.name ?? call.name
    const literal = call.args.at(-1)
    if (name === 'format') faults.push(...formatFaultsOf(checked, call))
    if (literal?.kind !== 'literal' || typeof literal.value !== 'string') continue
    const read = readers[name]
    if (read === undefined || complaintOf(() => read(literal.value as string)) === undefined)
      continue
    faults.push({ at: literal.at, message: `invalid ${name} argument` })
  }
  return faults
}

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  timestamp: parseTimestamp,
  duration: parseDuration,
  matches: patternOf,
}

function formatFaultsOf({ types }: Checked, { target, args, at }: Call): Fault[] {
  const [list] = args
  if (target?.kind !== 'literal' || list?.kind !== 'list') return []
  const given = list.items.map((item) => shownType(types.get(item.id) ?? dyn))
  return formatFaults(String(target.value), given).map((fault) => ({
    at: fault.at === undefined ? at : (list.items[fault.at] as Expr).at,
    message: fault.message,
  }))
}

const conversions = new Set(['bool', 'bytes', 'double', 'int', 'string', 'uint'])

/** Why a program can never run: a part of it that does not depend on anything has no value. */
export function instantiationFault({ checked }: Program): string | undefined {
  for (const call of callsOf(checked.expr)) {
    const reference = checked.calls.get(call.id)
    const odd = call.name === '_[_]' || call.name === '_[?_]' ? oddKey(call.args[1]) : undefined
    if (odd !== undefined) return `invalid qualifier type: ${odd}`
    const [first] = call.args
    if (reference === undefined || first?.kind !== 'literal') continue
    const { value } = first
    const converts = conversions.has(reference.name) && call.args.length === 1
    const searches = reference.name === 'find' || reference.name === 'findAll'
    const fault = converts
      ? complaintOf(() => implementationOf(reference.overloads[0] as string).apply([value]))
      : searches && typeof value === 'string'
        ? searchFault(value)
        : undefined
    if (fault !== undefined) return fault
  }
  return undefined
}

/** The type of a constant that can be no key; `dyn` around it hides that from the check of types alone. */
function oddKey(key: Expr | undefined): string | undefined {
  if (key?.kind === 'call' && key.name === 'dyn') return oddKey(key.args[0])
  if (key?.kind === 'list') return key.items.every(isLiteral) ? '*types.baseList' : undefined
  if (key?.kind !== 'literal') return undefined
  if (key.value === null) return 'types.Null'
  return key.value instanceof Uint8Array ? 'types.Bytes' : undefined
}

function isLiteral({ kind }: Expr): boolean {
  return kind === 'literal'
}

function complaintOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function callsOf(expr: Expr): Call[] {
  const inside = childrenOf(expr).flatMap(callsOf)
  return expr.kind === 'call' ? [...inside, expr] : inside
}

function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'select':
      return [expr.operand]
    case 'call':
      return expr.target === undefined ? expr.args : [expr.target, ...expr.args]
    case 'list':
      return expr.items
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value])
    case 'fold':
      return [expr.range, expr.init, expr.condition, expr.step, expr.result]
    default:
      return []
  }
}
