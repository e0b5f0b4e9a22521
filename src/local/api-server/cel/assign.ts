/** Whether a value of one type may stand where another is wanted, and what that says of types that are still open. */
import {
  dyn,
  error,
  isDynOrError,
  nameOf,
  partsOf,
  sameType,
  type Type,
  withParts,
} from './types.ts'

/** What has become known of open types, by name. */
export type Bindings = ReadonlyMap<string, Type>

/** The bindings when all types fit, or undefined. */
export function assignAll(
  known: Bindings,
  wanted: readonly Type[],
  given: readonly Type[],
): Bindings | undefined {
  if (wanted.length !== given.length) return undefined
  const trial = new Map(known)
  return fitAll(trial, wanted, given) ? trial : undefined
}

/** Puts what is known in the place of open types. `open`: those of which nothing is known become `dyn`. */
export function substitute(known: Bindings, type: Type, open = false): Type {
  if (type.kind === 'param') {
    const found = known.get(type.name)
    if (found !== undefined) return substitute(known, found, open)
    return open ? dyn : type
  }
  const parts = partsOf(type)
  if (parts.length === 0) return type
  return withParts(
    type,
    parts.map((part) => substitute(known, part, open)),
  )
}

/** The more general of two types that fit each other. */
export function mostGeneral(a: Type, b: Type): Type {
  return isLessSpecific(a, b) ? a : b
}

function isLessSpecific(a: Type, b: Type): boolean {
  if (a.kind === 'dyn' || a.kind === 'param') return true
  if (b.kind === 'dyn' || b.kind === 'param') return false
  if (a.kind !== b.kind || nameOf(a) !== nameOf(b)) return false
  if (a.kind === 'type') return true
  const [mine, other] = [partsOf(a), partsOf(b)]
  if (mine.length === 0) return sameType(a, b)
  return mine.every((part, index) => isLessSpecific(part, other[index] ?? error))
}

type Trial = Map<string, Type>

function fitAll(trial: Trial, a: readonly Type[], b: readonly Type[]): boolean {
  return a.length === b.length && a.every((one, index) => fit(trial, one, b[index] as Type))
}

function fit(trial: Trial, a: Type, b: Type): boolean {
  if (b.kind === 'param') {
    const { valid, known } = bind(trial, a, b)
    if (valid) return true
    if (known) return false
  }
  if (a.kind === 'param') return bind(trial, b, a).valid
  if (isDynOrError(a) || isDynOrError(b)) return true
  if (a.kind === 'null') return isNullable(b)
  if (b.kind === 'null') return isNullable(a)
  if (a.kind !== b.kind || nameOf(a) !== nameOf(b)) return false
  if (a.kind === 'type') return true
  return fitAll(trial, partsOf(a), partsOf(b))
}

const nullable: readonly Type['kind'][] = ['duration', 'null', 'object', 'opaque', 'timestamp']

function isNullable({ kind }: Type): boolean {
  return nullable.includes(kind)
}

/** Makes `type` what the open type means, if it can be. */
function bind(
  trial: Trial,
  type: Type,
  open: Type & { kind: 'param' },
): { valid: boolean; known: boolean } {
  if (sameType(type, open)) return { valid: true, known: true }
  const found = trial.get(open.name)
  if (found === undefined) {
    const free = !mentions(trial, type, open)
    if (free) trial.set(open.name, type)
    return { valid: free, known: false }
  }
  if (sameType(type, found)) return { valid: true, known: true }
  if (!fit(trial, type, found)) return { valid: false, known: true }
  const wider = mostGeneral(type, found)
  if (!mentions(trial, wider, open)) trial.set(open.name, wider)
  return { valid: true, known: true }
}

function mentions(trial: Trial, type: Type, open: Type & { kind: 'param' }): boolean {
  if (sameType(type, open)) return true
  if (type.kind === 'param') {
    const found = trial.get(type.name)
    return found !== undefined && mentions(trial, found, open)
  }
  return partsOf(type).some((part) => mentions(trial, part, open))
}
