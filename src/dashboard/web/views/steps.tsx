/** The plan: of what is on trial, or, while nothing is, of the next release. */
import type { JSX } from 'preact'
import type { ReleaseDetail } from '../../wire.ts'
import { Since } from '../parts/instant.tsx'
import { Panel } from '../parts/panel.tsx'
import { StepLine } from '../parts/step-line.tsx'

const stageWords: Readonly<Record<string, string>> = {
  steps: 'taking its steps',
  promoting: 'all steps done, becoming stable',
  verifying: 'has all traffic, proves itself once more',
  retreating: 'turning back',
}

export function Steps({ detail }: { readonly detail: ReleaseDetail }): JSX.Element | null {
  const { trials, plan } = detail
  if (trials.length === 0 && plan.length === 0) return null
  if (trials.length === 0)
    return (
      <Panel id="steps" title="Plan" aside="for the next revision">
        <StepLine steps={plan} label="Steps of the plan" />
      </Panel>
    )
  return (
    <Panel id="steps" title="Steps">
      {trials.map(({ role, revision, startedAt, stage, steps }) => (
        <div key={role} class={`trial is-${stage}`}>
          <p class="trial-head">
            <strong>{role}</strong> <code>{revision}</code> {stageWords[stage] ?? stage}, on trial
            for <Since at={startedAt} />
          </p>
          <StepLine steps={steps} label={`Steps of ${role}`} />
        </div>
      ))}
    </Panel>
  )
}
