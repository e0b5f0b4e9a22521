/** The phase as a badge: a shape, a colour and the word. */
import type { JSX } from 'preact'
import type { ReleaseRow } from '../../wire.ts'
import { groupOf } from '../model/filter.ts'
import { Glyph } from './glyph.tsx'

export function PhaseBadge({
  row,
}: {
  readonly row: Pick<ReleaseRow, 'phase' | 'reason' | 'waitsForPerson'>
}): JSX.Element {
  const group = groupOf(row)
  return (
    <span class={`badge is-${group}`}>
      <Glyph name={row.phase === 'Paused' ? 'pause' : group} />
      {row.phase}
    </span>
  )
}
