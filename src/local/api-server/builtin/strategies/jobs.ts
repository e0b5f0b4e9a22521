/** Jobs and cron jobs: kept, defaulted and labelled; nobody here runs them. */
import { child, type Obj } from '#core/schema/json.ts'
import type { Strategy } from '../../strategy.ts'
import { withGeneration, withStatus } from './base.ts'
import { defaultPodSpec, fill } from './pod-defaults.ts'

const jobBase = withGeneration(withStatus())

export const jobStrategy: Strategy = {
  ...jobBase,
  orphansByDefault: true,
  defaults: (job) => defaultJob(child(job, 'spec')),
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
  },
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
