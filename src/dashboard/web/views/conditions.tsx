/** What is wrong with the object, and its conditions as Kubernetes tools read them. */
import type { JSX } from 'preact'
import type { ReleaseDetail } from '../../wire.ts'
import { Glyph } from '../parts/glyph.tsx'
import { Since } from '../parts/instant.tsx'
import { Panel } from '../parts/panel.tsx'

export function Problems({
  problems,
}: {
  readonly problems: ReleaseDetail['problems']
}): JSX.Element | null {
  if (problems.length === 0) return null
  return (
    <section class="problems" aria-label="Problems of the object">
      {problems.map(({ path, message }) => (
        <p key={`${path} ${message}`}>
          <Glyph name="failed" />
          <span>
            <code>{path}</code> {message}
          </span>
        </p>
      ))}
    </section>
  )
}

export function Conditions({
  conditions,
}: {
  readonly conditions: ReleaseDetail['conditions']
}): JSX.Element | null {
  if (conditions.length === 0) return null
  return (
    <Panel id="conditions" title="Conditions">
      <ul class="conditions">
        {conditions.map(({ type, status, reason, message, since }) => (
          <li key={type}>
            <p class="condition-head">
              <strong>{type}</strong>
              <span class="chip">{status}</span>
              <span class="hint">
                {reason}, for <Since at={since} />
              </span>
            </p>
            <p class="condition-message">{message}</p>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
