/**
 * A checklist as a table: each numbered line names the tests that prove it, the line that overrules it, or why it is no
 * duty of ours. A test that is named has to exist, under that title, in that file.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

export type Proof =
  | { readonly kind: 'shown'; readonly file: string; readonly title: string }
  | { readonly kind: 'overruled'; readonly by: string }
  | { readonly kind: 'noDuty'; readonly why: string }

/** The id of a line, and all that shows it. */
export type Row = readonly [id: string, ...proofs: readonly Proof[]]

/** A test of this file, from the root of the repository, whose title (or a row of its table) has these words. */
export const shown = (file: string, title: string): Proof => ({ kind: 'shown', file, title })

/** Another line, or a decision, says otherwise: `KD14`, `decision 25`. */
export const overruled = (by: string): Proof => ({ kind: 'overruled', by })

/** Somebody else's duty, such as the sender's. */
export const noDuty = (why: string): Proof => ({ kind: 'noDuty', why })

/** `K`, 1, 3 gives K01, K02, K03. */
export function numbered(prefix: string, from: number, to: number): readonly string[] {
  return Array.from(
    { length: to - from + 1 },
    (_, index) => `${prefix}${String(from + index).padStart(2, '0')}`,
  )
}

/** Declares the tests of one checklist; its counts are in a test's title, so that every run tells them. */
export function checklist(name: string, ids: readonly string[], rows: readonly Row[]): void {
  describe(`the checklist of ${name}`, () => {
    test(`${ids.length} lines: ${countsOf(rows)}`, () => {
      expect(rows.map(([id]) => id).sort()).toEqual([...ids].sort())
      expect(rows.filter(([, ...proofs]) => proofs.length === 0)).toEqual([])
    })

    test('every test that it names exists', () => {
      expect(rows.flatMap(missingTests)).toEqual([])
    })

    test('every line that it says overrules another has a row or is a decision', () => {
      const strange = rows.flatMap(([id, ...proofs]) =>
        proofs.flatMap((proof) =>
          proof.kind === 'overruled' && !ids.includes(proof.by) && !/^decision \d+$/.test(proof.by)
            ? [`${id}: ${proof.by}`]
            : [],
        ),
      )
      expect(strange).toEqual([])
    })
  })
}

function missingTests([id, ...proofs]: Row): readonly string[] {
  return proofs.flatMap((proof) => {
    if (proof.kind !== 'shown') return []
    const { file, title } = proof
    if (!existsSync(file)) return [`${id}: there is no ${file}`]
    const text = readFileSync(file, 'utf8').replaceAll("\\'", "'")
    return title.length >= 8 && text.includes(title)
      ? []
      : [`${id}: ${file} has no test "${title}"`]
  })
}

/** By the first thing that is said of a line. */
function countsOf(rows: readonly Row[]): string {
  const words = { shown: 'shown', overruled: 'overruled', noDuty: 'no duty' } as const
  return Object.entries(words)
    .map(([kind, word]) => `${rows.filter(([, proof]) => proof?.kind === kind).length} ${word}`)
    .join(', ')
}
