/** What was measured of each role, as a chart and as a table, with what it was judged to be. */
import type { JSX } from 'preact'
import type { AnalysisView, MetricView } from '../../wire.ts'
import { amount, verdictWords } from '../model/words.ts'
import { Chart } from '../parts/chart.tsx'
import { Instant } from '../parts/instant.tsx'
import { Panel } from '../parts/panel.tsx'
import { Scroll } from '../parts/scroll.tsx'

export function Metrics({
  analyses,
}: {
  readonly analyses: readonly AnalysisView[]
}): JSX.Element | null {
  if (analyses.length === 0) return null
  return (
    <Panel id="metrics" title="Metrics">
      {analyses.map(({ role, revision, metrics }) => (
        <div key={role} class="analysis">
          <p class="trial-head">
            <strong>{role}</strong> <code>{revision}</code>
          </p>
          <div class="charts">
            {metrics.map((metric) => (
              <Metric key={metric.name} metric={metric} />
            ))}
          </div>
        </div>
      ))}
    </Panel>
  )
}

function Metric({ metric }: { readonly metric: MetricView }): JSX.Element {
  const { name, verdict, words, samples } = metric
  const measured = samples.some(({ value }) => value !== undefined)
  return (
    <div class="metric">
      <p class="metric-head">
        <strong>{name}</strong>
        <span class={`verdict is-${verdict}`}>{verdictWords(verdict)}</span>
      </p>
      {measured ? (
        <Chart metric={metric} />
      ) : (
        <p class="no-chart hint">{samples.length === 0 ? 'Not measured yet' : 'No numbers yet'}</p>
      )}
      <p class="metric-words">{words}</p>
      {samples.length === 0 ? null : (
        <details class="samples">
          <summary>Samples as a table</summary>
          <Samples metric={metric} />
        </details>
      )}
    </div>
  )
}

/** The newest first. */
function Samples({ metric }: { readonly metric: MetricView }): JSX.Element {
  return (
    <Scroll label={`Samples of ${metric.name}`}>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">At</th>
            <th scope="col" class="is-number">
              Value
            </th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          {metric.samples.toReversed().map(({ at, value, verdict, message }) => (
            <tr key={at}>
              <th scope="row">
                <Instant at={at} />
              </th>
              <td class="is-number">{value === undefined ? '–' : amount(value)}</td>
              <td>
                {verdictWords(verdict)}
                {message === undefined ? '' : `: ${message}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}
