/** Reading on after a mistake: it is noted, and what depends on it gets a value that does no harm. */
import type { Notes } from '#core/api/notes.ts'
import { readDuration } from './duration.ts'

/** A duration in milliseconds; undefined where none is written, or none that can be read. */
export function noted(notes: Notes, path: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const read = readDuration(text)
  if (typeof read === 'number') return read
  notes.add(path, read)
  return undefined
}

/** Whether a name that has to be written is. */
export function named(notes: Notes, path: string, text: string | undefined): string {
  if (text === undefined || text.trim() === '') notes.add(path, 'must not be empty')
  return text ?? ''
}
