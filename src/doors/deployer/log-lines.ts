/** Lines of a deployment's log: how one is written, and how they are divided into parts. */
import { formatInstant, type Instant } from '#core/time.ts'

/** A part is full beyond so many bytes; an object of the cluster holds about a megabyte. */
export const chunkBytes = 256 * 1024
const longestLine = 8 * 1024

/** A31: one line, with its time. What would break it into two, or move a cursor, is written as spaces. */
export function logLine(now: Instant, text: string): string {
  const plain = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
  return `${formatInstant(now)} ${cutTo(plain, longestLine)}`
}

function cutTo(text: string, bytes: number): string {
  const whole = Buffer.from(text)
  return whole.length <= bytes ? text : `${whole.subarray(0, bytes).toString()}…`
}

/** The parts after these lines were added to the last one, and all that had to be begun. */
export function addLines(
  last: readonly string[],
  more: readonly string[],
  limit: number = chunkBytes,
): readonly (readonly string[])[] {
  const parts: string[][] = [[...last]]
  let bytes = sizeOf(last)
  for (const line of more) {
    const size = sizeOf([line])
    const current = parts.at(-1) as string[]
    if (current.length > 0 && bytes + size > limit) {
      parts.push([line])
      bytes = size
    } else {
      current.push(line)
      bytes += size
    }
  }
  return parts
}

function sizeOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0)
}
