/** A stable name for content: the same JSON gives the same text, whatever the order of its keys. */

/** JSON with sorted keys; undefined members are left out, as in JSON itself. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const record = value as Readonly<Record<string, unknown>>
  const members = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key])}`)
  return `{${members.join(',')}}`
}

/**
 * FNV-1a, 32 bit, over the UTF-16 code units of a text, in two lanes with different offsets (the second one is FNV's
 * own, hashed once more), as 16 hex digits. Not for secrets: it only tells texts apart.
 */
export function fnv1a(text: string): string {
  let one = 0x81_1c_9d_c5
  let two = 0x05_0c_5d_1f
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    one = Math.imul(one ^ unit, 0x01_00_01_93)
    two = Math.imul(two ^ unit ^ (one >>> 16), 0x01_00_01_93)
  }
  return [one, two].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
}

/** Ten hex digits that name a value: short enough for labels and object names. */
export function shortHash(value: unknown): string {
  const hash = fnv1a(canonicalJson(value))
  return hash.slice(11) + hash.slice(3, 8)
}
