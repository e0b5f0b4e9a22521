/** `spec.strategy.canary`: one candidate by steps. */
import type { PodTemplate } from '../../k8s/workloads.ts'
import type { Plan, Step } from '../../model/app.ts'
import { plainPromotion } from '../../model/app.ts'
import { cut } from '../../render/text.ts'
import { positionAt } from '../../steps/step.ts'
import type { Notes } from '../notes.ts'
import { gateSchema, type ReleaseGate, readGate } from '../read-gate.ts'
import { matchSchema, type ReleaseMatch, readMatch } from '../read-match.ts'
import { count, list, name, object, rule, rules, type Schema } from '../schema-parts.ts'
import type { StrategyForm } from './form.ts'

/** The role of a canary's candidate, in words and in metrics. */
const canaryRole = 'canary'

export type CanaryStrategy = { readonly steps: readonly ReleaseStep[] }

/** One of weight (with replicas or not), replicas, pause, analysis, gate, match. `pause` is a duration or `{}` for open. */
export type ReleaseStep = {
  readonly weight?: number
  readonly replicas?: number
  readonly pause?: string | Readonly<Record<string, never>>
  readonly analysis?: readonly string[]
  readonly gate?: ReleaseGate
  readonly match?: readonly ReleaseMatch[]
}

const step = object(
  {
    weight: count('Per cent of traffic for the candidate.', 0, { maximum: 100 }),
    replicas: count('Pods of the candidate, instead of as many as its weight needs.', 0),
    pause: {
      'x-kubernetes-preserve-unknown-fields': true,
      description: 'A duration to wait, or {} to wait until somebody promotes.',
    },
    analysis: list(name('Name of a metric.'), {
      minItems: 1,
      maxItems: 16,
      description: 'Metrics that must pass.',
    }),
    gate: gateSchema,
    match: list(matchSchema, {
      maxItems: 8,
      description:
        'Requests that go to the candidate from here on: any of these; an empty list ends it.',
    }),
  },
  {
    oneOf: [
      { required: ['weight'] },
      { required: ['replicas'], not: { required: ['weight'] } },
      { required: ['pause'] },
      { required: ['analysis'] },
      { required: ['gate'] },
      { required: ['match'] },
    ],
    ...rules(
      rule(
        'has(self.weight) || has(self.replicas) ? !has(self.analysis) && !has(self.gate) && !has(self.match) : true',
        'a step is one of weight, replicas, pause, analysis, gate, match; write two steps instead',
      ),
      rule(
        'has(self.weight) && self.weight > 0 && has(self.replicas) ? self.replicas > 0 : true',
        'a weight above 0 needs at least one pod; write replicas 1 or more',
      ),
    ),
  },
)

export const canaryForm: StrategyForm<'canary'> = {
  field: 'canary',
  only: canaryRole,
  schema: object({ steps: list(step, { minItems: 1, maxItems: 50 }) }, { required: ['steps'] }),
  rules: [
    rule(
      'has(self.strategy.canary) ? self.strategy.canary.steps.all(s, !has(s.analysis) || (has(self.analysis) && s.analysis.all(n, self.analysis.metrics.exists(m, m.name == n)))) : true',
      'an analysis step names a metric that spec.analysis.metrics does not define',
    ),
    rule(
      'has(self.analysis) && has(self.strategy.canary) ? self.strategy.canary.steps.exists(s, has(s.weight) && s.weight > 0 || has(s.match) && s.match.size() > 0) : true',
      'no step gives the candidate traffic, so that nothing could be measured; add a step with a weight',
    ),
  ] as readonly Schema[],
  roles: () => [canaryRole],
  read: ({ steps: given }, { spec }, notes): Plan => {
    const steps = stepsOf(given, spec.template, notes)
    checkMetrics(given, new Set(spec.analysis?.metrics.map(({ name: own }) => own)), notes)
    if (spec.analysis !== undefined) checkMeasurable(given, notes)
    return {
      strategy: 'canary',
      candidates: [{ role: canaryRole, own: undefined, steps, command: undefined }],
      promotion: plainPromotion,
    }
  },
}

const path = 'spec.strategy.canary.steps'

function checkMetrics(
  given: readonly ReleaseStep[],
  known: ReadonlySet<string>,
  notes: Notes,
): void {
  for (const metric of given.flatMap((one) => one.analysis ?? [])) {
    if (!known.has(metric))
      notes.add(path, `analysis of ${metric}, which spec.analysis.metrics does not define`)
  }
}

function stepsOf(
  given: readonly ReleaseStep[],
  template: PodTemplate,
  notes: Notes,
): readonly Step[] {
  const pathOf = (index: number): string => `${path}[${index}]`
  const steps = given.map((step, index) => stepOf(step, template, { path: pathOf(index), notes }))
  checkHealth(steps, pathOf, notes)
  steps.forEach((step, index) => {
    const { weight, replicas } = positionAt(steps, index)
    if ((step.kind === 'weight' || step.kind === 'replicas') && weight > 0 && replicas === 0) {
      notes.add(
        `${pathOf(index)}.replicas`,
        `weight ${weight} needs at least one pod; write 1 or more`,
      )
    }
  })
  return steps
}

function pauseOf(pause: unknown, at: string, notes: Notes): number | undefined {
  if (typeof pause === 'string') return notes.duration(at, pause, 0)
  if (typeof pause !== 'object' || pause === null || Object.keys(pause).length > 0) {
    const hint = 'write one like 30s, 5m or 1h30m, or {} to wait until somebody promotes'
    notes.add(at, `${cut(JSON.stringify(pause), 100)} is no duration; ${hint}`)
  }
  return undefined
}

function givesTraffic({ weight = 0, match = [] }: ReleaseStep): boolean {
  return weight > 0 || match.length > 0
}

/** Measured is a candidate with traffic: an analysis before it would wait for ever. */
function checkMeasurable(steps: readonly ReleaseStep[], notes: Notes): void {
  const first = steps.findIndex(givesTraffic)
  if (first < 0) {
    notes.add(
      path,
      'give the candidate no traffic, so that nothing could be measured; add a step with a weight',
    )
    return
  }
  steps.slice(0, first).forEach((step, index) => {
    if (step.analysis === undefined) return
    notes.add(
      `${path}[${index}].analysis`,
      'comes before the candidate has traffic; put a step with a weight before it',
    )
  })
}

/** Pods that are not there cannot be well: such a gate would wait for ever. */
function checkHealth(
  steps: readonly Step[],
  pathOf: (index: number) => string,
  notes: Notes,
): void {
  steps.forEach((step, index) => {
    if (step.kind !== 'gate' || !step.gates.some(({ kind }) => kind === 'health')) return
    const { weight, replicas } = positionAt(steps, index)
    if ((replicas ?? weight) === 0)
      notes.add(
        `${pathOf(index)}.gate.health`,
        'comes before the candidate has pods; put a step with replicas or a weight before it',
      )
  })
}

function stepOf(
  given: ReleaseStep,
  template: PodTemplate,
  { path: at, notes }: { readonly path: string; readonly notes: Notes },
): Step {
  const { weight = given.replicas, pause, analysis, gate, match } = given
  const parts = [weight, pause, analysis, gate, match].filter((part) => part !== undefined)
  if (parts.length !== 1)
    notes.add(
      at,
      'must have exactly one of weight, replicas, pause, analysis, gate, match (replicas may stand beside weight)',
    )
  if (given.analysis !== undefined) return { kind: 'analysis', metrics: given.analysis }
  if (match !== undefined) {
    const matches = match.map((one, index) => readMatch(one, `${at}.match[${index}]`, notes))
    return { kind: 'match', matches }
  }
  if (given.gate !== undefined)
    return { kind: 'gate', gates: [readGate(given.gate, template, { path: `${at}.gate`, notes })] }
  if (given.pause !== undefined) {
    return { kind: 'pause', durationMs: pauseOf(given.pause, `${at}.pause`, notes) }
  }
  if (given.weight !== undefined) {
    const whole = Number.isInteger(given.weight) && given.weight >= 0 && given.weight <= 100
    if (!whole)
      notes.add(`${at}.weight`, `${given.weight} is no weight; write a whole number from 0 to 100`)
    return { kind: 'weight', weight: whole ? given.weight : 0, replicas: given.replicas }
  }
  return { kind: 'replicas', replicas: given.replicas ?? 0 }
}
