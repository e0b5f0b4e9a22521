/** What the judge of an experiment saw last: each candidate's share beside that of stable, and how sure it is. */
import type { JSX } from 'preact'
import type { CountedView, LookView } from '../../wire.ts'
import { amount, plural, share } from '../model/words.ts'
import { Panel } from '../parts/panel.tsx'
import { Scroll } from '../parts/scroll.tsx'

export function Looks({ looks }: { readonly looks: readonly LookView[] }): JSX.Element | null {
  if (looks.length === 0) return null
  const metrics = new Set(looks.map(({ metric }) => metric))
  return (
    <Panel id="looks" title="Judge" aside={plural(metrics.size, 'metric')}>
      <Scroll label="Counts of the judge">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Candidate</th>
              <th scope="col">Metric</th>
              <th scope="col" class="is-number">
                Its share
              </th>
              <th scope="col" class="is-number">
                Stable’s
              </th>
              <th scope="col" class="is-number">
                Effect
              </th>
              <th scope="col" class="is-number">
                Confidence
              </th>
            </tr>
          </thead>
          <tbody>
            {looks.map((look) => (
              <Row key={`${look.role}/${look.metric}`} look={look} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  )
}

function Row({ look }: { readonly look: LookView }): JSX.Element {
  const { role, metric, candidate, stable, effect, confidence, needed, message } = look
  return (
    <tr>
      <th scope="row">{role}</th>
      <td>
        {metric}
        {message === undefined ? null : <span class="hint">: {message}</span>}
      </td>
      <td class="is-number">
        <Share counted={candidate} />
      </td>
      <td class="is-number">
        <Share counted={stable} />
      </td>
      <td class="is-number">
        {effect === undefined ? '–' : `${effect > 0 ? '+' : ''}${share(effect)}`}
      </td>
      <td class="is-number">
        <strong>{confidence === undefined ? '–' : share(confidence)}</strong>
        {needed === undefined ? null : <span class="hint"> of {share(needed)}</span>}
      </td>
    </tr>
  )
}

function Share({ counted }: { readonly counted: CountedView | undefined }): JSX.Element {
  if (counted === undefined) return <>–</>
  const { hits, of } = counted
  return (
    <>
      {of === 0 ? '–' : share(hits / of)}{' '}
      <span class="hint">
        {amount(hits)} of {amount(of)}
      </span>
    </>
  )
}
