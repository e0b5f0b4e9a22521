/** The steps of a plan as a line, the present one marked by shape, word and colour. */
import type { JSX } from 'preact'
import type { StepView } from '../../wire.ts'

const stateWords = { done: 'done', now: 'now', ahead: 'ahead' } as const

export function StepLine({
  steps,
  label,
}: {
  readonly steps: readonly StepView[]
  readonly label: string
}): JSX.Element {
  return (
    <ol class="steps" aria-label={label}>
      {steps.map(({ words, state }, index) => (
        <li
          // Steps have no names, and their order is fixed.
          key={index}
          class={`step is-${state}`}
          aria-current={state === 'now' ? 'step' : undefined}
        >
          <span class="step-dot" aria-hidden="true">
            {state === 'done' ? '✓' : index + 1}
          </span>
          <span class="step-words">
            {words}
            <span class="unseen">, {stateWords[state]}</span>
          </span>
        </li>
      ))}
    </ol>
  )
}
