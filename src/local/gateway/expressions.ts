/**
 * Regular expressions as proxies have them (RE2): no look-around and no back-references, so that the engine can always
 * fall back to linear time. An expression that somebody wrote into a route must not be able to hold up all the others.
 */
import { setFlagsFromString } from 'node:v8'

// Without it a nested repetition takes exponential time and with it the whole process.
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')

const beyondRe2 = /\\[1-9]|\\k<|\(\?(?:[=!]|<[=!])/

export type Anchoring = 'whole' | 'start' | 'anywhere'

/** @param more further flags, `i` or `g` @throws SyntaxError when it cannot be read or uses what RE2 does not have. */
export function expression(source: string, anchoring: Anchoring, more = ''): RegExp {
  const [, given = '', rest = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(source) ?? []
  if (beyondRe2.test(rest)) {
    throw new SyntaxError(
      `expression ${source} has look-around or a back-reference, which proxies do not know; write it without`,
    )
  }
  // The names of groups are written differently there.
  const body = rest.replaceAll('(?P<', '(?<')
  const flags = new Set(`${given}${more}`)
  // The engine in linear time knows no flag for it.
  const anyCase = flags.delete('i') ? folded(body) : body
  const wrapped =
    anchoring === 'whole' ? `^(?:${anyCase})$` : anchoring === 'start' ? `^(?:${anyCase})` : anyCase
  return new RegExp(wrapped, [...flags].join(''))
}

const tokens = /\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\.|\(\?<\w+>|\[(?:\\.|[^\]\\])*\]|[a-z]/gi
const members = /\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\.|[a-z]-[a-z]|[a-z]/gi

/** An expression that takes letters in either case. */
function folded(source: string): string {
  return source.replaceAll(tokens, (token) => {
    if (token.startsWith('\\') || token.startsWith('(')) return token
    return token.startsWith('[') ? token.replaceAll(members, bothCases) : `[${bothCases(token)}]`
  })
}

function bothCases(member: string): string {
  return member.startsWith('\\') ? member : member.toLowerCase() + member.toUpperCase()
}
