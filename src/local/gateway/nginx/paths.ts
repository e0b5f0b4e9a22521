/** How the paths of an Ingress match, and which of them goes first. */
import { expression } from '../expressions.ts'
import type { RequestView } from '../table.ts'
import type { Location } from './locations.ts'

export type PathRule = {
  readonly matches: (request: Pick<RequestView, 'path'>) => boolean
  readonly rank: readonly number[]
  /** Set where paths of the host are expressions. */
  readonly expression: RegExp | undefined
}

/** True when any of a host's Ingresses makes expressions of all its paths. */
export function hasExpressions(locations: readonly Location[]): boolean {
  return locations.some(
    ({ annotations }) =>
      annotations.flag('use-regex') === true || annotations.text('rewrite-target') !== undefined,
  )
}

/** @throws SyntaxError when an expression cannot be read. */
export function pathRule({ path, type }: Location, areExpressions: boolean): PathRule {
  if (areExpressions) {
    const pattern = expression(path, 'start', 'i')
    return {
      matches: (request) => pattern.test(request.path),
      // Exact ones aside, the longest expression is tried first.
      rank: [-path.length],
      expression: pattern,
    }
  }
  if (type === 'Exact') {
    return { matches: (request) => request.path === path, rank: [-1e6], expression: undefined }
  }
  const matches =
    type === 'Prefix'
      ? bySegment(path)
      : (request: { path: string }) => request.path.startsWith(path)
  return { matches, rank: [-path.length], expression: undefined }
}

function bySegment(path: string): PathRule['matches'] {
  const prefix = path.replace(/\/+$/, '')
  return (request) => request.path === prefix || request.path.startsWith(`${prefix}/`)
}
