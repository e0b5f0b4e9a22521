/**
 * What is said to people beside the picture: a line at the foot of the page for those who see it, the same words to screen
 * readers. Politely: the newest replaces what was not yet said, and a picture that only moves says nothing.
 */
import { signal } from '@preact/signals'

export type Note = { readonly id: number; readonly text: string; readonly tone: 'calm' | 'bad' }

/** Shown, until it is put away or its time is over. */
export const note = signal<Note | undefined>(undefined)

/** Only spoken. */
export const spoken = signal('')

const shownMs = 8000
const speakAfterMs = 1500

let notes = 0
let speaking: ReturnType<typeof setTimeout> | undefined

export function tell(text: string, tone: Note['tone'] = 'calm'): void {
  notes += 1
  const told = { id: notes, text, tone }
  note.value = told
  setTimeout(() => {
    if (note.value === told) note.value = undefined
  }, shownMs)
}

/** Waits a little, so that of several changes in a row only the last is said. */
export function speak(text: string): void {
  clearTimeout(speaking)
  speaking = setTimeout(() => {
    spoken.value = text
  }, speakAfterMs)
}
