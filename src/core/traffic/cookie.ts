/** A cookie's value as an expression over the whole Cookie header, and back. RE2, anchored for those who search in it. */

const before = '^(?:.*;\\s*)?'
const after = '\\s*(?:;.*)?$'

export function cookieExpression(name: string, value: string): string {
  return `${before}${quoted(`${name}=${value}`)}${after}`
}

/** Undefined for an expression that is not of this form. */
export function cookieIn(
  expression: string,
): { readonly name: string; readonly value: string } | undefined {
  if (!expression.startsWith(before) || !expression.endsWith(after)) return undefined
  const pair = expression
    .slice(before.length, expression.length - after.length)
    .replace(/\\(.)/gs, '$1')
  const end = pair.indexOf('=')
  if (end < 0) return undefined
  const [name, value] = [pair.slice(0, end), pair.slice(end + 1)]
  return cookieExpression(name, value) === expression ? { name, value } : undefined
}

function quoted(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')
}
