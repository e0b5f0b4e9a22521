/** What can be done now, and why the rest cannot. */
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { ActionView, ReleaseId } from '../../wire.ts'
import { ask, verbWords } from '../model/acting.ts'
import { connection } from '../model/live.ts'

export function Actions({
  id,
  actions,
}: {
  readonly id: ReleaseId
  readonly actions: readonly ActionView[]
}): JSX.Element | null {
  const section = useRef<HTMLElement>(null)
  const entered = useRef(false)
  useEffect(() => {
    // The button that had the focus is gone, as what it asked for was done.
    if (entered.current && document.activeElement === document.body)
      section.current?.focus({ preventScroll: true })
  }, [actions])
  if (actions.length === 0) return null
  const possible = actions.filter(({ allowed }) => allowed)
  const others = actions.filter(({ allowed }) => !allowed)
  const lost = connection.value.kind === 'lost'
  return (
    <section
      ref={section}
      class="actions"
      aria-label="Actions"
      tabIndex={-1}
      onFocusIn={() => {
        entered.current = true
      }}
      onFocusOut={({ relatedTarget }) => {
        if (relatedTarget !== null) entered.current = false
      }}
    >
      {possible.map((action) => (
        <button
          key={keyOf(action)}
          type="button"
          class={`button ${look(action)}`}
          disabled={lost}
          onClick={() => void ask({ id, action })}
        >
          {wordsOf(action)}
        </button>
      ))}
      {lost ? <span class="hint">Not while the connection is lost.</span> : null}
      {others.length === 0 ? null : (
        <details class="others">
          <summary>
            {possible.length === 0 ? 'No action is possible now' : 'Not possible now'}
          </summary>
          <dl>
            {others.map((action) => (
              <div key={keyOf(action)}>
                <dt>{wordsOf(action)}</dt>
                <dd>{action.because ?? ''}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </section>
  )
}

function keyOf({ verb, candidate = '' }: ActionView): string {
  return `${verb} ${candidate}`
}

function wordsOf({ verb, candidate }: ActionView): string {
  return candidate === undefined ? verbWords[verb] : `${verbWords[verb]} ${candidate}`
}

function look({ verb }: ActionView): string {
  if (verb === 'abort') return 'is-bad'
  return verb === 'promote' || verb === 'resume' || verb === 'retry' ? 'is-main' : ''
}
