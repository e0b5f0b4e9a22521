/**
 * Canary Ingresses: which of a location's requests go to the canary. A header decides first, then a cookie, then the
 * weight; a session that stands decides before all of them.
 */
import { expression } from '../expressions.ts'
import { cookieOf, headerOf } from '../headers.ts'
import type { RequestView } from '../table.ts'
import type { Annotations } from './annotations.ts'

export type CanaryRules = {
  readonly header: string | undefined
  readonly headerValue: string | undefined
  readonly headerPattern: string | undefined
  readonly cookie: string | undefined
  readonly weight: number
  readonly total: number
}

/** A part of a location's requests and how it is split. */
export type Share = {
  readonly matches: (request: RequestView) => boolean
  readonly main: number
  readonly canary: number
}

/** Undefined for an Ingress that is no canary. */
export function canaryRules({ text, flag, whole }: Annotations): CanaryRules | undefined {
  if (flag('canary') !== true) return undefined
  return {
    header: text('canary-by-header')?.toLowerCase(),
    headerValue: text('canary-by-header-value'),
    headerPattern: text('canary-by-header-pattern'),
    cookie: text('canary-by-cookie'),
    weight: Math.max(0, whole('canary-weight') ?? 0),
    // A total below 100 is not heeded there either.
    total: Math.max(100, whole('canary-weight-total') ?? 100),
  }
}

/** In the order in which they are asked; the last one takes all that is left. */
export function canaryShares(rules: CanaryRules): readonly Share[] {
  const weight = Math.min(rules.weight, rules.total)
  return [
    ...headerShares(rules),
    ...(rules.cookie === undefined
      ? []
      : [always(cookieIs(rules.cookie)), never(cookieIs(rules.cookie))]),
    { matches: () => true, main: rules.total - weight, canary: weight },
  ]
}

type Says = (word: string) => (request: RequestView) => boolean

function always(says: Says): Share {
  return { matches: says('always'), main: 0, canary: 1 }
}

function never(says: Says): Share {
  return { matches: says('never'), main: 1, canary: 0 }
}

function cookieIs(name: string): Says {
  return (word) => (request) => cookieOf(request, name) === word
}

function headerShares({ header, headerValue, headerPattern }: CanaryRules): readonly Share[] {
  if (header === undefined) return []
  const is: Says = (word) => (request) => headerOf(request, header) === word
  if (headerValue !== undefined) return [{ matches: is(headerValue), main: 0, canary: 1 }]
  if (headerPattern === undefined) return [always(is), never(is)]
  const pattern = readable(headerPattern)
  // A pattern that cannot be read keeps everybody who has the header on the main backend.
  if (pattern === undefined) {
    return [{ matches: (request) => headerOf(request, header) !== undefined, main: 1, canary: 0 }]
  }
  return [
    { matches: (request) => pattern.test(headerOf(request, header) ?? ''), main: 0, canary: 1 },
  ]
}

function readable(pattern: string): RegExp | undefined {
  try {
    return expression(pattern, 'anywhere')
  } catch {
    return undefined
  }
}
