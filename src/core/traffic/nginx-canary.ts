/** Canary annotations of ingress-nginx: a weight and the requests that are the candidate's own, and back. */
import type { Labels } from '../k8s/meta.ts'
import type { Match } from '../model/app.ts'

export const prefix = 'nginx.ingress.kubernetes.io/'

export type CanaryWords = { readonly weight: number; readonly matches: readonly Match[] }

/** Annotations of a canary Ingress that are ours; undefined takes one away. */
export function canaryAnnotations({
  weight,
  matches,
}: CanaryWords): Record<string, string | undefined> {
  const header = matches.find((match) => match.kind === 'header')
  const cookie = matches.find((match) => match.kind === 'cookie')
  const by = header?.regex === true ? 'canary-by-header-pattern' : 'canary-by-header-value'
  return {
    [`${prefix}canary`]: 'true',
    [`${prefix}canary-weight`]: String(weight),
    // A total of another size would turn the weight into another share.
    [`${prefix}canary-weight-total`]: undefined,
    [`${prefix}canary-by-header`]: header?.name,
    [`${prefix}canary-by-header-value`]: undefined,
    [`${prefix}canary-by-header-pattern`]: undefined,
    ...(header === undefined
      ? {}
      : { [`${prefix}${by}`]: header.regex ? whole(header.value) : header.value }),
    [`${prefix}canary-by-cookie`]: cookie?.name,
  }
}

/** What the annotations of a canary Ingress say. The weight is in per cent. */
export function canaryWords(annotations: Labels = {}): CanaryWords {
  const text = (name: string): string | undefined => annotations[`${prefix}${name}`]
  const total = Math.max(100, Number(text('canary-weight-total') ?? 100) || 100)
  const weight = (100 * (Number(text('canary-weight') ?? 0) || 0)) / total
  const name = text('canary-by-header')
  const pattern = text('canary-by-header-pattern')
  const value = text('canary-by-header-value')
  const cookie = text('canary-by-cookie')
  return {
    weight,
    matches: [
      ...(name === undefined ? [] : [headerMatch(name, value, pattern)]),
      ...(cookie === undefined ? [] : [{ kind: 'cookie', name: cookie, value: 'always' } as const]),
    ],
  }
}

function headerMatch(name: string, value: string | undefined, pattern: string | undefined): Match {
  const regex = value === undefined && pattern !== undefined
  return { kind: 'header', name, value: regex ? inner(pattern) : (value ?? 'always'), regex }
}

/** Why these matches cannot be said by annotations, if they cannot. */
export function cannotMatch(matches: readonly Match[]): string | undefined {
  const cookies = matches.filter((match) => match.kind === 'cookie')
  if (matches.length - cookies.length > 1)
    return 'ingress-nginx tells requests by one header at most; keep one of them'
  if (cookies.length > 1)
    return 'ingress-nginx tells requests by one cookie at most; keep one of them'
  const cookie = cookies.find(({ value }) => value !== 'always')
  if (cookie !== undefined)
    return `ingress-nginx knows the value always of a cookie and no other, so that ${cookie.name}=${cookie.value} cannot be told; match a header, or write ${cookie.name}=always`
  return undefined
}

// There, an expression may be met anywhere in the value.
function whole(expression: string): string {
  return `^(?:${expression})$`
}

function inner(pattern: string): string {
  return pattern.startsWith('^(?:') && pattern.endsWith(')$') ? pattern.slice(4, -2) : pattern
}
