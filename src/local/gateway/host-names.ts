/** Host names of routes and listeners: exact, `*.example.com`, or `*` for all; in lower case. */

/** The more specific of two host names where one lies within the other. */
export function narrower(a: string, b: string): string | undefined {
  if (isWithin(b, a)) return b
  return isWithin(a, b) ? a : undefined
}

function isWithin(name: string, outer: string): boolean {
  if (outer === '*' || name === outer) return true
  return outer.startsWith('*.') && name.endsWith(outer.slice(1)) && name !== outer.slice(2)
}
