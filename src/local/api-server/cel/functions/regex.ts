/** Regular expressions in the syntax of RE2, and in time that only grows with the text. */
import { createRequire } from 'node:module'
import type { Bodies } from '../functions.ts'
import { EvalError, listFrom, type Value } from '../values.ts'

type Library = typeof import('@bufbuild/re2')
type Pattern = ReturnType<Library['RE2JS']['compile']>

let loaded: Library | undefined

/** Loaded when the first expression asks for it. */
function library(): Library {
  loaded ??= createRequire(import.meta.url)('@bufbuild/re2') as Library
  return loaded
}

const patterns = new Map<string, Pattern>()
const patternsMax = 500

/** Throws an Error that says what is wrong with the pattern. */
export function patternOf(text: string): Pattern {
  const known = patterns.get(text)
  if (known !== undefined) return known
  const made = library().RE2JS.compile(text)
  if (patterns.size >= patternsMax) patterns.clear()
  patterns.set(text, made)
  return made
}

function compiled(text: string): Pattern {
  try {
    return patternOf(text)
  } catch (error) {
    throw new EvalError((error as Error).message)
  }
}

function matches([text, pattern]: readonly Value[]): Value {
  return compiled(pattern as string).test(text as string)
}

/**
 * Where a pattern matches, told by the engine of this machine. It is only asked about texts that match at all, because
 * it is where nothing matches that its time may explode.
 */
function firstMatches(text: string, pattern: string, count: number): string[] {
  if (count === 0 || !compiled(pattern).test(text)) return []
  const found: string[] = []
  for (const match of text.matchAll(translated(pattern))) {
    found.push(match[0])
    if (found.length === count) break
  }
  return found
}

/** Why a pattern cannot be used for searching, or undefined when it can. */
export function searchFault(pattern: string): string | undefined {
  try {
    patternOf(pattern)
    translated(pattern)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const classes: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}
const translations = new Map<string, RegExp>()

/** The pattern as this machine spells it. Throws a SyntaxError for what it cannot spell. */
function translated(pattern: string): RegExp {
  const known = translations.get(pattern)
  if (known !== undefined) return known
  const flags = /^\(\?([ims]+)\)/.exec(pattern)
  const body = pattern
    .slice(flags?.[0].length ?? 0)
    .replace(/\\Q([\s\S]*?)(?:\\E|$)/g, (_whole, text: string) => literal(text))
    .replace(/\(\?P</g, '(?<')
    .replace(/\\pN\b|\\pL\b|\\p([A-Z])(?![a-z{])/g, (whole) => `\\p{${whole[2]}}`)
    .replace(/\[:(\^?)([a-z]+):\]/g, (whole, not: string, name: string) => {
      const found = classes[name]
      if (found === undefined || not !== '')
        throw new SyntaxError(`${whole} cannot be searched for`)
      return found
    })
    .replace(/\\A/g, '(?<![\\s\\S])')
    .replace(/\\z/g, '(?![\\s\\S])')
  const spelt = spell(body, `gu${flags?.[1] ?? ''}`)
  if (translations.size >= patternsMax) translations.clear()
  translations.set(pattern, spelt)
  return spelt
}

/** In Unicode mode no needless backslash may stand; Go does not mind them. */
function spell(body: string, flags: string): RegExp {
  const plain = body.replace(/\\([^\w\s^$\\.*+?()[\]{}|/-])/g, '$1')
  return new RegExp(plain.replace(/(\[[^\]]*)\\-/g, '$1\\-'), flags)
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

export const regexFunctions: Bodies = {
  matches,
  matches_string: matches,
  string_find_string: ([text, pattern]) =>
    firstMatches(text as string, pattern as string, 1)[0] ?? '',
  string_find_all_string: ([text, pattern]) =>
    listFrom(firstMatches(text as string, pattern as string, -1)),
  string_find_all_string_int: ([text, pattern, count]) =>
    listFrom(firstMatches(text as string, pattern as string, Number(count as bigint))),
}
