/** The one reason why a release is where it is, before all else. */
import type { JSX } from 'preact'
import type { ReleaseRow } from '../../wire.ts'
import { groupOf } from '../model/filter.ts'
import { Glyph } from '../parts/glyph.tsx'
import { Ahead, Since } from '../parts/instant.tsx'

export function Why({
  row,
  next,
  advice,
}: {
  readonly row: ReleaseRow
  readonly next: number | undefined
  readonly advice: string | undefined
}): JSX.Element {
  const { reason } = row
  const group = groupOf(row)
  return (
    <section class={`why is-${group}`} aria-labelledby="why-title">
      <h2 id="why-title" class="unseen">
        Why it is where it is
      </h2>
      <span class="why-sign">
        <Glyph name={group} />
      </span>
      <div>
        <p class="why-message">{reason.message}</p>
        <p class="why-facts">
          <code>{reason.type}</code>
          {reason.since === undefined ? null : (
            <span>
              for <Since at={reason.since} />
            </span>
          )}
          {next === undefined ? null : <Ahead at={next} what="looked at again" />}
        </p>
        {advice === undefined ? null : <Advice text={advice} />}
      </div>
    </section>
  )
}

/** What to do next, as `headgate explain` says it; commands stand between backticks. */
function Advice({ text }: { readonly text: string }): JSX.Element {
  const parts = text.split('`')
  return (
    <p class="why-advice">
      <strong>Next:</strong>{' '}
      {parts.map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}
    </p>
  )
}
