/** Equality of wire objects as Kubernetes means it: an absent field, null, and an empty list or map are the same. */

export function semanticEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (isBlank(left) || isBlank(right)) return isBlank(left) && isBlank(right)
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false
    return left.every((item, index) => semanticEqual(item, right[index]))
  }
  if (typeof left !== 'object' || typeof right !== 'object') return false
  const a = left as Record<string, unknown>
  const b = right as Record<string, unknown>
  for (const key of Object.keys(a)) if (!semanticEqual(a[key], b[key])) return false
  for (const key of Object.keys(b)) if (!(key in a) && !isBlank(b[key])) return false
  return true
}

function isBlank(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}
