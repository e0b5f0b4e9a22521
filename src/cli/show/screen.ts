/** A picture of a few lines that is redrawn where it stands. */
import { fitted } from './terminal.ts'

const [hideCursor, showCursor] = ['\x1b[?25l', '\x1b[?25h']

export class Screen {
  isEnded = false
  readonly #out: NodeJS.WriteStream
  #drawn: readonly string[] = []

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    out.write(hideCursor)
  }

  /** What does not fit is left out at its end: a line that wrapped would not be found again. */
  draw(lines: readonly string[]): void {
    if (this.isEnded) return
    const { columns = 80, rows = 24 } = this.#out
    const room = Math.max(1, rows - 1)
    const cut =
      lines.length <= room
        ? lines
        : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines`]
    const next = cut.map((line) => fitted(line, columns))
    if (next.join('\n') === this.#drawn.join('\n')) return
    // Line by line over the old picture, so that nothing flickers.
    const up = this.#drawn.length === 0 ? '' : `\x1b[${this.#drawn.length}A`
    const over = next.map((line) => `${line}\x1b[K\n`).join('')
    this.#out.write(`${up}${over}\x1b[J`)
    this.#drawn = next
  }

  end(): void {
    if (!this.isEnded) this.#out.write(showCursor)
    this.isEnded = true
  }
}
