/** Label matchers: from the syntax tree to predicates. */
import type { SyntaxNode } from '@lezer/common'
import { expression } from '../gateway/expressions.ts'
import type { Matcher, MatchOp } from './ast.ts'
import { unquote } from './literals.ts'

export const metricName = '__name__'

/** @throws SyntaxError when the regular expression cannot be read. */
function matcherOf(name: string, op: MatchOp, value: string): Matcher {
  return { name, op, value, test: testOf(op, value) }
}

/** True when a label set, `__name__` included, satisfies all matchers; a missing label counts as empty. */
export function matchesAll(
  matchers: readonly Matcher[],
  labels: Readonly<Record<string, string>>,
): boolean {
  return matchers.every(({ name, test }) => test(labels[name] ?? ''))
}

/** The matchers of a VectorSelector node. */
export function parseMatchers(
  selector: SyntaxNode,
  text: (node: SyntaxNode) => string,
  failAt: (node: SyntaxNode, message: string) => never,
): readonly Matcher[] {
  const found: Matcher[] = []
  const add = (node: SyntaxNode, name: string, op: string, value: string): void => {
    try {
      found.push(matcherOf(name, op as MatchOp, value))
    } catch (error) {
      failAt(node, error instanceof Error ? error.message : String(error))
    }
  }
  const quoted = (node: SyntaxNode): string => unquote(text(node)) ?? failAt(node, 'bad escape')

  const identifier = selector.getChild('Identifier')
  if (identifier !== null) add(identifier, metricName, '=', text(identifier))
  const list = selector.getChild('LabelMatchers')
  for (let child = list?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (child.name === 'QuotedLabelName') add(child, metricName, '=', quoted(child))
    else if (child.name.endsWith('LabelMatcher')) {
      const name = child.getChild('LabelName')
      const quotedName = child.getChild('QuotedLabelName')
      const op = child.getChild('MatchOp')
      const value = child.getChild('StringLiteral')
      if (op === null || value === null) return failAt(child, 'incomplete label matcher')
      const label = name === null ? quotedName && quoted(quotedName) : text(name)
      if (label === metricName && identifier !== null) {
        failAt(
          child,
          `metric name must not be set twice: "${text(identifier)}" or "${quoted(value)}"`,
        )
      }
      add(child, label ?? '', text(op), quoted(value))
    }
  }
  if (found.every(({ test }) => test(''))) {
    failAt(selector, 'vector selector must contain at least one non-empty matcher')
  }
  return found
}

function testOf(op: MatchOp, value: string): (found: string) => boolean {
  if (op === '=') return (found) => found === value
  if (op === '!=') return (found) => found !== value
  const pattern = readPattern(value)
  return op === '=~' ? (found) => pattern.test(found) : (found) => !pattern.test(found)
}

/** Anchored at both ends, and a dot takes line ends as well, as in Prometheus. */
function readPattern(value: string): RegExp {
  try {
    return expression(value, 'whole', 's')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new SyntaxError(`error parsing regexp: ${why}`)
  }
}
