/** Lines for the log of a deployment. */
import type { Case, Work } from './work.ts'

/** What happens once in a deployment is told once, however often it is done after a crash. */
export async function say({ work, record }: Case, ...texts: readonly string[]): Promise<void> {
  await work.writer.add(record.metadata, texts, 'once')
}

/** What may come and go is told again, but not twice in a row. */
export async function sayNow({ work, record }: Case, text: string): Promise<void> {
  const id = record.metadata.name
  const note = work.notes.get(id)
  if (note?.said === text) return
  await work.writer.add(record.metadata, [text], note?.said === undefined ? 'once' : undefined)
  work.notes.set(id, { ...work.notes.get(id), said: text })
}

export function forget({ notes, writer }: Work, id: string): void {
  notes.delete(id)
  writer.forget(id)
}
