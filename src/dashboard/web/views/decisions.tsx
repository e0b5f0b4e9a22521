/** The record: what was decided, and who asked for it. */
import type { JSX } from 'preact'
import type { DecisionView } from '../../wire.ts'
import { Instant } from '../parts/instant.tsx'
import { Panel } from '../parts/panel.tsx'

/** Actions that are told apart by more than their words; of all others, whether somebody asked for them. */
const tones: Readonly<Record<string, string>> = {
  Abort: 'bad',
  Retreat: 'bad',
  Refuse: 'bad',
  Pause: 'wait',
  Complete: 'good',
  Conclude: 'good',
}

/** `StepAdvance` as `Step advance`. */
function wordsOf(action: string): string {
  return action.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

export function Decisions({
  decisions,
}: {
  readonly decisions: readonly DecisionView[]
}): JSX.Element {
  return (
    <Panel id="decisions" title="Decisions" aside="newest first">
      {decisions.length === 0 ? <p class="hint">Nothing was decided yet.</p> : null}
      <ol class="timeline">
        {decisions.map((decision) => (
          <Decision key={`${decision.at} ${decision.action} ${decision.message}`} {...decision} />
        ))}
      </ol>
    </Panel>
  )
}

function Decision({ at, action, by, revision, step, message }: DecisionView): JSX.Element {
  return (
    <li class={`decision is-${tones[action] ?? (by === undefined ? 'plain' : 'asked')}`}>
      <p class="decision-head">
        <strong>{wordsOf(action)}</strong>
        <Instant at={at} />
      </p>
      <p class="decision-message">{message}</p>
      <p class="decision-facts">
        {by === undefined ? null : <span>by {by}</span>}
        {revision === undefined ? null : (
          <span>
            revision <code>{revision}</code>
          </span>
        )}
        {step === undefined ? null : <span>step {step + 1}</span>}
      </p>
    </li>
  )
}
