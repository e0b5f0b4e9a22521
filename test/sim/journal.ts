/** What happened in a run, in order: a hash over all of it, and a short story of what matters. */
import { createHash } from 'node:crypto'

export type Journal = {
  /** Counts for the hash; tells nothing. */
  readonly note: (line: string) => void
  /** Counts, and is part of the story. */
  readonly tell: (line: string) => void
  readonly hash: () => string
  readonly story: () => readonly string[]
}

const longest = 200

export function journalOver(now: () => number): Journal {
  const notes: string[] = []
  const lines: string[] = []
  const note = (line: string): void => {
    notes.push(`${now()} ${line}\n`)
  }
  return {
    note,
    tell: (line) => {
      note(line)
      lines.push(`${(now() / 1000).toFixed(3).padStart(9)}  ${line}`)
    },
    hash: () => createHash('sha1').update(notes.join('')).digest('hex').slice(0, 16),
    story: () => lines.slice(-longest),
  }
}
