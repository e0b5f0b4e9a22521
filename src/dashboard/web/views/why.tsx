/** The one reason why a release is where it is, before all else. */
import type { JSX } from 'preact'
import type { ReleaseDetail, ReleaseRow } from '../../wire.ts'
import { groupOf } from '../model/filter.ts'
import { Glyph } from '../parts/glyph.tsx'
import { Ahead, Since } from '../parts/instant.tsx'

export function Why({
  row,
  detail,
}: {
  readonly row: ReleaseRow
  readonly detail: ReleaseDetail | undefined
}): JSX.Element {
  const { reason } = row
  const { next, goesOnAt, advice } = detail ?? {}
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
          <Then next={next} goesOnAt={goesOnAt} />
        </p>
        {advice === undefined ? null : <Advice text={advice} />}
      </div>
    </section>
  )
}

/** What comes by itself: the end of a pause, or at least another look. */
function Then({
  next,
  goesOnAt,
}: {
  readonly next: number | undefined
  readonly goesOnAt: number | undefined
}): JSX.Element | null {
  if (goesOnAt !== undefined) return <Ahead at={goesOnAt} what="goes on" />
  return next === undefined ? null : <Ahead at={next} what="looked at again" />
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
