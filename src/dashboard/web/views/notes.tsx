/** The line at the foot that tells of actions and of the connection, and what is only spoken. */
import { useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { note, speak, spoken } from '../model/announce.ts'
import { connection } from '../model/live.ts'
import { Glyph } from '../parts/glyph.tsx'

export function Notes(): JSX.Element {
  useSignalEffect(() => {
    if (connection.value.kind === 'lost') speak('Connection lost. What you see grows old.')
  })
  const told = note.value
  return (
    <>
      <div class="notes" role="status">
        {told === undefined ? null : (
          <div key={told.id} class={`note is-${told.tone}`}>
            <p>{told.text}</p>
            <button
              type="button"
              class="tool"
              aria-label="Put away"
              onClick={() => {
                note.value = undefined
              }}
            >
              <Glyph name="close" />
            </button>
          </div>
        )}
      </div>
      <div class="unseen" role="status">
        {spoken.value}
      </div>
    </>
  )
}
