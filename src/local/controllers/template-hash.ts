/** The short name of a pod template: the same template, whatever the order of its fields, has the same name. */
import type { PodTemplate } from './shapes.ts'

export const hashLabel = 'pod-template-hash'

/** `collisions` tells apart two templates that were unlucky enough to share a hash. */
export function templateHash(template: PodTemplate, collisions: number | undefined): string {
  const text = JSON.stringify(canonical(template))
  return safeEncode(fnv32a(collisions === undefined ? text : `${text} ${collisions}`))
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)]))
}

function fnv32a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  }
  return hash
}

// Kubernetes' own alphabet: no vowels and no 0, 1, 3, so that no name ever spells a word.
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

function safeEncode(hash: number): string {
  return Array.from(String(hash), (digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join(
    '',
  )
}
