/**
 * `spec.strategy.experiment`: candidates beside stable, by weight or by what requests carry, until it is clear which one
 * is best. A candidate without a template of its own runs the release's, and stable stays what it was; where all have
 * their own, the release's template is stable's.
 */
import type { PodTemplate } from '../../k8s/workloads.ts'
import { type Candidate, type Plan, plainPromotion, type Step } from '../../model/app.ts'
import type { Experiment } from '../../model/experiment.ts'
import { type RoleName, stable } from '../../model/weights.ts'
import { writtenHash } from '../../revision.ts'
import type { Notes } from '../notes.ts'
import { matchSchema, type ReleaseMatch, readMatch } from '../read-match.ts'
import type { Release } from '../release.ts'
import { count, duration, list, name, object, oneOf, rule } from '../schema-parts.ts'
import { podTemplate } from '../schema-template.ts'
import type { StrategyForm } from './form.ts'
import { judgeSchema, type ReleaseJudge, readJudge } from './judge.ts'
import { nextRole } from './rolling.ts'

export type ExperimentStrategy = {
  readonly candidates: readonly ExperimentCandidate[]
  readonly minDuration?: string
  readonly maxDuration?: string
  readonly judge?: ReleaseJudge
  readonly onConclusion?: 'promote' | 'wait'
  /** Ends it now. */
  readonly conclude?: { readonly winner?: string }
}

export type ExperimentCandidate = {
  readonly name: string
  readonly template?: PodTemplate
  readonly match?: readonly ReleaseMatch[]
  readonly weight?: number
  readonly replicas?: number
}

const path = 'spec.strategy.experiment'

const candidate = object(
  {
    name: name('How status calls it.'),
    template: podTemplate('What it runs; left out, the template of the release.'),
    match: list(matchSchema, {
      minItems: 1,
      maxItems: 16,
      description: 'Requests that carry any of these are its own.',
    }),
    weight: count('Per cent of traffic.', 1, { maximum: 100 }),
    replicas: count('Pods, instead of as many as its traffic may need.', 1),
  },
  { required: ['name'], oneOf: [{ required: ['match'] }, { required: ['weight'] }] },
)

export const experimentForm: StrategyForm<'experiment'> = {
  field: 'experiment',
  schema: object(
    {
      candidates: list(candidate, {
        minItems: 1,
        maxItems: 16,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      }),
      minDuration: duration('Nobody wins by the judge before.', { default: '0s' }),
      maxDuration: duration('All candidates return after so long; left out, it goes on.'),
      judge: judgeSchema,
      onConclusion: oneOf(
        ['promote', 'wait'],
        'Whether a winner takes over at once, or when somebody promotes.',
        'promote',
      ),
      conclude: object(
        { winner: name('A candidate, or stable; left out, nobody won.') },
        { description: 'Ends the experiment now.' },
      ),
    },
    { required: ['candidates'] },
  ),
  rules: [
    rule(
      'has(self.strategy.experiment) ? self.strategy.experiment.candidates.map(c, has(c.weight) ? c.weight : 0).sum() <= 100 : true',
      'the weights of all candidates together must not be above 100',
    ),
    rule(
      'has(self.analysis) && self.analysis.metrics.size() == 0 ? has(self.strategy.experiment) && has(self.strategy.experiment.judge) : true',
      'spec.analysis.metrics is empty; only an experiment with a judge can do without',
    ),
  ],
  roles: ({ candidates }) => candidates.map((one) => one.name),
  read: (given, release, notes): Plan => {
    checkNames(given, notes)
    checkSum(given, notes)
    const candidates = given.candidates.map((one, index) =>
      candidateOf(one, `${path}.candidates[${index}]`, notes),
    )
    return {
      strategy: 'experiment',
      candidates: bringsBaseline(candidates, release) ? [...candidates, baseline] : candidates,
      promotion: plainPromotion,
      experiment: experimentOf(given, release, notes),
    }
  },
}

/** Brings another template of the release to the stable role, all at once, while candidates stay where they are. */
const baseline: Candidate = {
  role: nextRole,
  own: undefined,
  steps: [],
  command: undefined,
  how: 'switch',
}

// Workloads by role have no second place for stable: there its template changes between experiments alone.
function bringsBaseline(candidates: readonly Candidate[], { spec }: Release): boolean {
  return candidates.every(({ own }) => own !== undefined) && spec.workloads?.naming !== 'role'
}

function candidateOf(given: ExperimentCandidate, at: string, notes: Notes): Candidate {
  const { template, weight, match } = given
  if ((weight === undefined) === (match === undefined))
    notes.add(at, 'must have exactly one of weight and match')
  return {
    role: given.name,
    own: template === undefined ? undefined : { template, written: writtenHash(template) },
    steps: stepsOf(given, at, notes),
    command: undefined,
  }
}

function stepsOf(
  { weight, match, replicas }: ExperimentCandidate,
  at: string,
  notes: Notes,
): readonly Step[] {
  if (match === undefined) return [{ kind: 'weight', weight: weight ?? 0, replicas }, judged]
  const matches = match.map((one, index) => readMatch(one, `${at}.match[${index}]`, notes))
  const pods: readonly Step[] = replicas === undefined ? [] : [{ kind: 'replicas', replicas }]
  return [...pods, { kind: 'match', matches }, judged]
}

const judged: Step = { kind: 'judge' }

function experimentOf(given: ExperimentStrategy, release: Release, notes: Notes): Experiment {
  const { maxDuration, judge, conclude } = given
  const minDurationMs = notes.duration(`${path}.minDuration`, given.minDuration, 0)
  const maxDurationMs =
    maxDuration === undefined ? undefined : notes.duration(`${path}.maxDuration`, maxDuration, 0)
  if (maxDurationMs !== undefined && minDurationMs > maxDurationMs)
    notes.add(`${path}.minDuration`, 'is longer than maxDuration, so that nobody could win')
  const winner = conclude?.winner
  if (
    winner !== undefined &&
    ![stable, ...given.candidates.map(({ name: one }) => one)].includes(winner)
  )
    notes.add(`${path}.conclude.winner`, `${winner} is no candidate; write one, or stable`)
  return {
    minDurationMs,
    maxDurationMs,
    judges: judge === undefined ? [] : [readJudge(judge, release, notes)],
    onConclusion: given.onConclusion ?? 'promote',
    conclude: conclude === undefined ? undefined : { winner },
  }
}

const taken: readonly RoleName[] = [stable, nextRole]

function checkNames({ candidates }: ExperimentStrategy, notes: Notes): void {
  candidates.forEach(({ name: given }, index) => {
    if (taken.includes(given))
      notes.add(
        `${path}.candidates[${index}].name`,
        `${given} has a meaning of its own; choose another name`,
      )
  })
}

function checkSum({ candidates }: ExperimentStrategy, notes: Notes): void {
  const sum = candidates.reduce((total, { weight = 0 }) => total + weight, 0)
  if (sum <= 100) return
  notes.add(`${path}.candidates`, `weights add up to ${sum}; together they must not be above 100`)
}
