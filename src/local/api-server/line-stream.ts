/** A body that grows while it is read: lines are pushed in, and whoever reads gets all that is there as one chunk. */

export class LineStream implements AsyncIterable<string> {
  private lines: string[] = []
  private ended = false
  private wake: (() => void) | undefined
  private readonly enders: (() => void)[] = []

  /** Lines that nobody has read yet. */
  get waiting(): number {
    return this.lines.length
  }

  push(line: string): void {
    if (this.ended) return
    this.lines.push(line)
    this.notify()
  }

  /** What is waiting is still read; then the body ends. */
  end(): void {
    if (this.ended) return
    this.ended = true
    for (const ender of this.enders.splice(0)) ender()
    this.notify()
  }

  onEnd(ender: () => void): void {
    if (this.ended) ender()
    else this.enders.push(ender)
  }

  private notify(): void {
    const wake = this.wake
    this.wake = undefined
    wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (;;) {
        if (this.lines.length > 0) {
          const chunk = this.lines.join('')
          this.lines = []
          yield chunk
        } else if (this.ended) return
        else {
          await new Promise<void>((resolve) => {
            this.wake = resolve
          })
        }
      }
    } finally {
      this.end()
    }
  }
}
