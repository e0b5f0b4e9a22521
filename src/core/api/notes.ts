/** Problems as they are found while an object is read, and the fallback values that let reading go on to the next one. */
import type { Problem } from '../refuse.ts'
import { parseDuration } from '../time.ts'

export class Notes {
  readonly found: Problem[] = []

  add(path: string, message: string): void {
    this.found.push({ path, message })
  }

  /** A duration in milliseconds; the fallback where none is written, or none that can be read. */
  duration(path: string, text: string | undefined, fallback: number): number {
    if (text === undefined) return fallback
    const value = parseDuration(text)
    if (value === undefined)
      this.add(path, `${JSON.stringify(text)} is no duration; write one like 30s, 5m or 1h30m`)
    return value ?? fallback
  }
}
