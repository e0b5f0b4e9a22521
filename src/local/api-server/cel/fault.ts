/** What is wrong with the text of an expression, shown as Kubernetes shows it: the line, and a mark under the place. */

/** Something wrong at a place in the text. */
export type Fault = {
  /** In characters from 0. */
  readonly at: number
  readonly message: string
}

/** Thrown by the reader when it cannot go on. */
export class SyntaxFault extends Error {
  readonly at: number

  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

/** All faults as one text, in the order of their places. */
export function shownFaults(source: string, faults: readonly Fault[]): string {
  const sorted = [...faults].sort((a, b) => a.at - b.at)
  return sorted.map((fault) => shownFault(source, fault)).join('\n')
}

function shownFault(source: string, { at, message }: Fault): string {
  const before = source.slice(0, at).split('\n')
  const line = before.length
  const column = Array.from(before.at(-1) ?? '')
  const text = (source.split('\n')[line - 1] ?? '').replaceAll('\t', ' ')
  const head = `ERROR: <input>:${line}:${column.length + 1}: ${message}`
  // Wide characters get wide dots, so that the mark stands under its place.
  const dots = column.map((character) =>
    character.length > 1 || character > '\u007f' ? '．' : '.',
  )
  return `${head}\n | ${text}\n | ${dots.join('')}^`
}
