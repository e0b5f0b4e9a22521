/** Differences that are known and not mended yet. The list may only shrink; a difference beside it fails the tests. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(import.meta.dirname, 'known-differences.json')

function readKnown(): ReadonlySet<string> {
  return new Set(JSON.parse(readFileSync(file, 'utf8')) as string[])
}

export function writeKnown(ids: Iterable<string>): void {
  writeFileSync(file, `${JSON.stringify([...ids].sort(), undefined, 2)}\n`)
}

/** Of these, those that nobody knew of. */
export function unknown(
  different: ReadonlyMap<string, readonly string[]>,
): Readonly<Record<string, readonly string[]>> {
  const known = readKnown()
  return Object.fromEntries([...different].filter(([id]) => !known.has(id)))
}
