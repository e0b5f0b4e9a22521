/** Aligned columns, as kubectl prints them: three blanks between, nothing after the last. */
import { harmless } from './terminal.ts'

export type Cell = string | { readonly text: string; readonly painted: string }

const gap = '   '

/** Lines without their ends; the first holds the headings. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  const all: readonly (readonly Cell[])[] = [headings, ...rows]
  const widths = headings.map((_, column) =>
    Math.max(...all.map((row) => textOf(row[column] ?? '').length)),
  )
  return all.map((row) => aligned(row, widths))
}

/** A row in columns of given widths, for rows that come one by one. */
export function aligned(row: readonly Cell[], widths: readonly number[]): string {
  const last = row.length - 1
  return row
    .map((cell, column) => {
      const text = textOf(cell)
      const shown = typeof cell === 'string' ? text : cell.painted
      return column === last
        ? shown
        : shown + ' '.repeat(Math.max(0, (widths[column] ?? 0) - text.length))
    })
    .join(gap)
    .trimEnd()
}

/** What of a cell takes room. */
export function textOf(cell: Cell): string {
  return harmless(typeof cell === 'string' ? cell : cell.text)
}
