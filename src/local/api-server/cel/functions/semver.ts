/** Versions as semver.org orders them. */
import type { Bodies } from '../functions.ts'
import { EvalError, Extension, type Value } from '../values.ts'

class Semver extends Extension {
  readonly typeName = 'kubernetes.Semver'
  readonly size = 1
  readonly numbers: readonly bigint[]
  /** What stands behind the dash. */
  readonly early: readonly string[]

  constructor(numbers: readonly bigint[], early: readonly string[]) {
    super()
    this.numbers = numbers
    this.early = early
  }

  equals(other: Extension): boolean {
    return other instanceof Semver && compare(this, other) === 0
  }
}

function compare(a: Semver, b: Semver): number {
  for (const [index, mine] of a.numbers.entries()) {
    const other = b.numbers[index] as bigint
    if (mine !== other) return mine < other ? -1 : 1
  }
  if (a.early.length === 0 || b.early.length === 0) {
    return Math.sign(b.early.length - a.early.length)
  }
  return comparePre(a.early, b.early)
}

function comparePre(a: readonly string[], b: readonly string[]): number {
  for (const [index, mine] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    if (mine === other) continue
    const [x, y] = [/^\d+$/.test(mine), /^\d+$/.test(other)]
    if (x && y) return BigInt(mine) < BigInt(other) ? -1 : 1
    if (x !== y) return x ? -1 : 1
    return mine < other ? -1 : 1
  }
  return a.length < b.length ? -1 : 0
}

const identifiers = /^[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*$/

/** Throws an EvalError. */
function parsed(text: string): Semver {
  if (text === '') throw new EvalError('Version string empty')
  const parts = text.split(/\.(.*)/s)
  const [second = '', rest] = (parts[1] ?? '').split(/\.(.*)/s)
  if (parts[1] === undefined || rest === undefined) {
    throw new EvalError('No Major.Minor.Patch elements found')
  }
  const plus = rest.indexOf('+')
  const build = plus === -1 ? undefined : rest.slice(plus + 1)
  const core = plus === -1 ? rest : rest.slice(0, plus)
  const dash = core.indexOf('-')
  const early = dash === -1 ? undefined : core.slice(dash + 1)
  const patch = dash === -1 ? core : core.slice(0, dash)
  const numbers = [
    numberOf(parts[0] as string, 'Major'),
    numberOf(second, 'Minor'),
    numberOf(patch, 'Patch'),
  ]
  for (const meta of [build, early]) {
    if (meta === undefined || identifiers.test(meta)) continue
    throw new EvalError(`Invalid character(s) found in ${JSON.stringify(meta)}`)
  }
  const leading = early?.split('.').find((one) => /^0\d+$/.test(one))
  if (leading !== undefined) {
    const shown = JSON.stringify(leading)
    throw new EvalError(`Numeric PreRelease version must not contain leading zeroes ${shown}`)
  }
  return new Semver(numbers, early?.split('.') ?? [])
}

function numberOf(text: string, what: string): bigint {
  if (!/^\d+$/.test(text)) {
    throw new EvalError(
      `Invalid character(s) found in ${what.toLowerCase()} number ${JSON.stringify(text)}`,
    )
  }
  if (/^0\d/.test(text)) {
    throw new EvalError(`${what} number must not contain leading zeroes ${JSON.stringify(text)}`)
  }
  return BigInt(text)
}

/** A leading `v`, leading zeros and missing numbers are forgiven. */
function normalised(text: string): string {
  const parts = text.replace(/^v/, '').split(/\.(.*)/s)
  const [second, third] = (parts[1] ?? '').split(/\.(.*)/s)
  const all = [parts[0] as string, ...(parts[1] === undefined ? [] : [second as string])]
  if (third !== undefined) all.push(third)
  const clean = all.map((part) => {
    const bare = part.length > 1 ? part.replace(/^0+/, '') : part
    return part.length > 1 && !/^\d/.test(bare) ? `0${bare}` : bare
  })
  if (clean.length < 3 && /[+-]/.test(clean.at(-1) as string)) {
    throw new EvalError('short version cannot contain PreRelease/Build meta data')
  }
  while (clean.length < 3) clean.push('0')
  return clean.join('.')
}

function read([text, forgiving]: readonly Value[]): Semver {
  return parsed(forgiving === true ? normalised(text as string) : (text as string))
}

function isVersion(args: readonly Value[]): Value {
  try {
    read(args)
    return true
  } catch (error) {
    if (error instanceof EvalError) return false
    throw error
  }
}

const number =
  (index: number) =>
  ([value]: readonly Value[]): Value =>
    (value as Semver).numbers[index] as bigint
const sign = ([a, b]: readonly Value[]): number => compare(a as Semver, b as Semver)

export const semverFunctions: Bodies = {
  string_to_semver: read,
  string_bool_to_semver: read,
  is_semver_string: isVersion,
  is_semver_string_bool: isVersion,
  semver_is_greater_than: (args) => sign(args) > 0,
  semver_is_less_than: (args) => sign(args) < 0,
  semver_compare_to: (args) => BigInt(sign(args)),
  semver_major: number(0),
  semver_minor: number(1),
  semver_patch: number(2),
}
