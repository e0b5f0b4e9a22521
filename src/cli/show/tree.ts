/** Things that belong to things, drawn with lines, as a table whose first column is the tree. */
import type { Cell } from './table.ts'

export type Branch = { readonly cells: readonly Cell[]; readonly under: readonly Branch[] }

/** The root stands at the edge, all others behind their lines. */
export function treeRows({ cells, under }: Branch, before = ''): readonly (readonly Cell[])[] {
  return [
    cells,
    ...under.flatMap((branch, index) => drawn(branch, before, index === under.length - 1)),
  ]
}

function drawn(branch: Branch, before: string, isLast: boolean): readonly (readonly Cell[])[] {
  const [first = '', ...others] = branch.cells
  const line = `${before}${isLast ? '└─ ' : '├─ '}`
  const rows = treeRows({ cells: [behind(line, first), ...others], under: [] })
  const next = `${before}${isLast ? '   ' : '│  '}`
  const below = branch.under.flatMap((one, index) =>
    drawn(one, next, index === branch.under.length - 1),
  )
  return [...rows, ...below]
}

function behind(line: string, cell: Cell): Cell {
  return typeof cell === 'string'
    ? line + cell
    : { text: line + cell.text, painted: line + cell.painted }
}
