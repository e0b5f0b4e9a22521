/** One release with all that belongs to it, as values for the page; the words are those of the command line. */
import type { Step } from '#core/model/app.ts'
import { stepsOf } from '#core/model/app.ts'
import type { AnalysisState, DecisionRecord, Trial } from '#core/model/notebook.ts'
import { describeStep } from '#core/steps/describe.ts'
import { parseInstant } from '#core/time.ts'
import { routers } from '#core/traffic/register.ts'
import { adviceFor } from '#releases/advice.ts'
import type { Entry } from '#releases/entry.ts'
import { pauseEndOf, rolesOf } from '#releases/facts.ts'
import {
  imagesOf,
  type Pod,
  podState,
  type RevisionPart,
  restartsOf,
  type WorkloadPart,
} from '#releases/parts.ts'
import { type Versions, versionsOf, withVersions } from '#releases/versions.ts'
import { type JudgedLook, looksOf, stepOfRecord, verdictDetail } from '#releases/words.ts'
import type {
  AnalysisView,
  DecisionView,
  LookView,
  MetricView,
  PodView,
  ReleaseDetail,
  RevisionView,
  StepView,
  WorkloadView,
} from '../wire.ts'
import { linksOf } from './links.ts'
import { manifestOf } from './manifest.ts'
import { rowOf } from './row.ts'

/** A release as everybody who may see it sees it; what single people may do with it comes to that. */
export type Detail = Omit<ReleaseDetail, 'actions'>

export function detailOf(entry: Entry, revisions: readonly RevisionPart[]): Detail {
  const { book, problems, object } = entry
  const next = book?.reason.next
  const goesOnAt = pauseEndOf(entry)
  const versions = versionsOf(entry, revisions)
  return {
    ...rowOf(entry, versions),
    advice: adviceFor(entry),
    problems: problems.map(({ path, message }) => ({ path, message })),
    conditions: (book?.conditions ?? []).map(
      ({ type, status, reason, message, lastTransitionTime }) => ({
        type,
        status,
        reason,
        message: withVersions(message, versions),
        since: parseInstant(lastTransitionTime) ?? 0,
      }),
    ),
    trials: (book?.trials ?? []).map((trial) => ({
      role: trial.role,
      revision: trial.revision,
      startedAt: trial.startedAt,
      stage: trial.stage.kind,
      steps: stepsOfTrial(entry, trial),
    })),
    plan: planOf(entry),
    revisions: revisions.map((part) => revisionView(entry, part)),
    route: routeOf(entry),
    analyses: (book?.analyses ?? []).map((analysis) => analysisView(entry, analysis)),
    looks: looksOf(entry).map(lookView),
    decisions: (book?.decisions ?? []).map((one) => decisionView(one, versions)).toReversed(),
    links: linksOf(object),
    manifest: manifestOf(object),
    ...(next === undefined ? {} : { next }),
    ...(goesOnAt === undefined ? {} : { goesOnAt }),
  }
}

function decisionView(record: DecisionRecord, versions: Versions): DecisionView {
  const { at, action, by, revision, message } = record
  const step = stepOfRecord(record)
  return {
    at,
    action,
    ...(by === undefined ? {} : { by }),
    ...(revision === '' ? {} : { revision }),
    ...(step === undefined ? {} : { step: step - 1 }),
    message: withVersions(message, versions),
  }
}

function stepsOfTrial({ app }: Entry, { role, step: now, stage }: Trial): readonly StepView[] {
  const steps = app === undefined ? [] : stepsOf(app, role)
  const at = stage.kind === 'steps' || stage.kind === 'retreating' ? now : steps.length
  return steps.map((step, index) =>
    stepView(step, index < at ? 'done' : index === at ? 'now' : 'ahead'),
  )
}

function stepView(step: Step, state: StepView['state']): StepView {
  return { words: describeStep(step), kind: step.kind, state }
}

function planOf({ app, book }: Entry): readonly StepView[] {
  if (app === undefined || (book?.trials ?? []).length > 0) return []
  const [first] = app.plan.candidates
  return (first?.steps ?? []).map((step) => stepView(step, 'ahead'))
}

function revisionView({ book }: Entry, part: RevisionPart): RevisionView {
  const { previous } = book ?? {}
  const failed = book?.failed.findLast(({ revision }) => revision === part.revision)
  return {
    revision: part.revision,
    roles: part.roles,
    ...(failed === undefined ? {} : { failed: failed.message }),
    ...(previous?.revision === part.revision ? { keptUntil: previous.until } : {}),
    workloads: part.workloads.map(workloadView),
    createdAt: parseInstant(part.createdAt) ?? 0,
  }
}

function workloadView({ object, pods }: WorkloadPart): WorkloadView {
  const { kind, metadata, spec, status } = object
  return {
    kind,
    name: metadata.name,
    wanted: spec.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
    images: imagesOf(spec.template).split(', '),
    pods: pods.map(podView),
  }
}

function podView(pod: Pod): PodView {
  return {
    name: pod.metadata.name,
    state: podState(pod),
    restarts: restartsOf(pod),
    createdAt: parseInstant(pod.metadata.creationTimestamp) ?? 0,
  }
}

function routeOf({ app, book }: Entry): ReleaseDetail['route'] {
  if (app === undefined) return []
  const settled = rolesOf(book).every(({ wanted, confirmed }) => wanted === confirmed)
  const refs = routers[app.traffic.router]?.objects(app) ?? []
  return refs.map(({ kind, name }) => ({ kind, name, state: settled ? 'confirmed' : 'shifting' }))
}

function lookView({ look, judge, metric }: JudgedLook): LookView {
  const { role, revision, candidate, stable, effect, confidence, message } = look
  return {
    role,
    revision,
    metric,
    ...(candidate === undefined ? {} : { candidate }),
    ...(stable === undefined ? {} : { stable }),
    ...(effect === undefined ? {} : { effect }),
    ...(confidence === undefined ? {} : { confidence }),
    ...(judge === undefined ? {} : { needed: judge.options.confidence }),
    ...(message === undefined ? {} : { message }),
  }
}

function analysisView({ app }: Entry, { role, revision, metrics }: AnalysisState): AnalysisView {
  return {
    role,
    revision,
    metrics: metrics.map((state): MetricView => {
      const metric = app?.analysis?.metrics.find(({ name }) => name === state.name)
      const { min, max } = metric ?? {}
      return {
        name: state.name,
        verdict: state.verdict,
        words: verdictDetail(state, metric),
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        samples: state.samples.map(({ at, value, verdict, message }) => ({
          at,
          ...(value === undefined ? {} : { value }),
          verdict,
          ...(message === undefined ? {} : { message }),
        })),
      }
    }),
  }
}
