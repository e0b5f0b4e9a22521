/** Jobs and cron jobs: kept, defaulted and labelled; nobody here runs them. */
import { asObject, at, child, equal, type Obj } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { selects } from '../../label-selector.ts'
import type { Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { withGeneration, withStatus } from './base.ts'
import { defaultPodSpec, fill } from './pod-defaults.ts'

const jobBase = withGeneration(withStatus())

export const jobStrategy: Strategy = {
  ...jobBase,
  orphansByDefault: true,
  leavesBehind:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  defaults: (job) => {
    defaultJob(child(job, 'spec'))
    takeLabels(job)
  },
  prepareCreate: (job, machine, dryRun) => {
    jobBase.prepareCreate(job, machine, dryRun)
    const spec = child(job, 'spec')
    if (spec.manualSelector === true) return
    const uid = String(job.metadata.uid)
    const labels = child(child(child(spec, 'template'), 'metadata'), 'labels')
    for (const prefix of ['', 'batch.kubernetes.io/']) {
      labels[`${prefix}controller-uid`] = uid
      labels[`${prefix}job-name`] = String(job.metadata.name)
    }
    spec.selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }
    takeLabels(job)
  },
  // The labels it takes from its pods are told when it is read, and kept from the next write on.
  completedLater: ({ metadata, spec }) =>
    asObject(spec)?.manualSelector !== true &&
    equal(metadata.labels ?? null, at(spec, 'template', 'metadata', 'labels') ?? null),
  prepareStatus: (job, old, machine) => {
    jobBase.prepareStatus(job, old, machine)
    takeLabels(job)
  },
  validateUpdate: updateProblems,
}

function updateProblems(job: Stored, old: Stored): Problem[] {
  const spec = asObject(job.spec) ?? {}
  const before = asObject(old.spec) ?? {}
  const selector = asObject(spec.selector)
  const labels = asObject(at(spec, 'template', 'metadata', 'labels'))
  const problems: Problem[] = []
  if (selector === undefined) problems.push(problem.required('spec.selector'))
  if (selector === undefined || !selects(selector, labels ?? {})) {
    const rule = '`selector` does not match template `labels`'
    problems.push(problem.invalid('spec.template.metadata.labels', labels ?? null, rule))
  }
  for (const name of frozen) {
    if (equal(spec[name] ?? null, before[name] ?? null)) continue
    problems.push(problem.invalid(`spec.${name}`, spec[name] ?? null, 'field is immutable'))
  }
  return problems
}

/** What a job cannot change any more, in the order in which that is said. */
const frozen = [
  'selector',
  'template',
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
]

/** A job without labels has those of its pods. */
function takeLabels(job: Stored): void {
  const labels = asObject(at(job, 'spec', 'template', 'metadata', 'labels')) ?? {}
  const own = asObject(job.metadata.labels) ?? {}
  if (Object.keys(own).length === 0 && Object.keys(labels).length > 0) {
    job.metadata.labels = { ...labels }
  }
}

function defaultJob(spec: Obj): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  fill(spec, 'parallelism', 1)
  fill(spec, 'backoffLimit', 6)
  fill(spec, 'completionMode', 'NonIndexed')
  fill(spec, 'suspend', false)
  fill(spec, 'manualSelector', false)
  fill(spec, 'podReplacementPolicy', 'TerminatingOrFailed')
  defaultPodSpec(child(child(spec, 'template'), 'spec'))
}

export const cronJobStrategy: Strategy = {
  ...withGeneration(withStatus()),
  defaults: (cron) => {
    const spec = child(cron, 'spec')
    fill(spec, 'concurrencyPolicy', 'Allow')
    fill(spec, 'suspend', false)
    fill(spec, 'successfulJobsHistoryLimit', 3)
    fill(spec, 'failedJobsHistoryLimit', 1)
    const template = child(child(child(child(spec, 'jobTemplate'), 'spec'), 'template'), 'spec')
    defaultPodSpec(template)
  },
}
