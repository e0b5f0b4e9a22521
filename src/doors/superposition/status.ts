/** What became of an experiment, told on its record. */
import type { Release } from '#core/api/release.ts'
import type { Condition } from '#core/k8s/meta.ts'
import { formatInstant, type Instant } from '#core/time.ts'
import type { Experiment, ExperimentStatus, Phase, Variant } from './experiment.ts'
import { roleOf, versionOf, winnerOf } from './plan.ts'

/** What is known of an experiment beside its record. */
export type Known = {
  readonly release: Release | undefined
  /** The newest conclusion that the release has carried out, in microseconds. */
  readonly concluded: number
  /** Why it has no place in the release. */
  readonly refused: string | undefined
  /** What went wrong on the way there. */
  readonly problem: string | undefined
}

type Told = Pick<ExperimentStatus, 'phase' | 'message'> & { readonly error?: string }

export function statusOf(record: Experiment, known: Known, now: Instant): ExperimentStatus {
  const { spec, metadata, status: before } = record
  const told = tell(record, known)
  const { release } = known
  const outcome = outcomeOf(record)
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    phase: told.phase,
    message: told.message,
    ...(release === undefined ? {} : { release: release.metadata.name }),
    weights: weightsOf(record, release),
    variants: spec.variants
      .map(({ name, type }) => (type === 'CONTROL' ? `(${name})` : name))
      .join(','),
    ...(outcome === undefined ? {} : { outcome }),
    ...(told.error === undefined ? {} : { error: told.error }),
    conditions: [ready(told, before?.conditions, now)],
  }
}

function tell(record: Experiment, known: Known): Told {
  const { spec } = record
  if (spec.state === 'CREATED') return { phase: 'Pending', message: 'it was not started yet' }
  const { refused, problem } = known
  if (refused !== undefined) return { phase: 'Refused', message: refused, error: refused }
  if (problem !== undefined) return { phase: 'Failed', message: problem, error: problem }
  const failure = failureOf(record, known)
  if (failure !== undefined) return { phase: 'Failed', message: failure, error: failure }
  if (spec.state === 'CONCLUDED') return concluded(record, known)
  const left = leaving(record, known.release)
  if (spec.state === 'DISCARDED')
    return left === undefined
      ? { phase: 'Discarded', message: 'its variants are gone; stable was not touched' }
      : { phase: 'Progressing', message: left }
  return underWay(record, known.release)
}

function concluded(record: Experiment, known: Known): Told {
  const winner = winnerOf(record)
  const left = leaving(record, known.release)
  if (winner === undefined)
    return left === undefined
      ? { phase: 'Concluded', message: 'control won; stable was not touched' }
      : { phase: 'Progressing', message: left }
  if (known.concluded < versionOf(record))
    return {
      phase: 'Promoting',
      message: `${winner.id} becomes stable; ${seeRelease(known.release)}`,
    }
  return left === undefined
    ? { phase: 'Concluded', message: `${winner.id} won and serves` }
    : { phase: 'Promoting', message: left }
}

function underWay({ spec }: Experiment, release: Release | undefined): Told {
  const wanted = spec.state === 'PAUSED' ? 0 : spec.trafficPercentage
  const isThere = experimental(spec.variants).every((variant) => {
    const seen = candidateIn(release, variant)
    return seen !== undefined && seen.weight.confirmed === wanted && seen.weight.wanted === wanted
  })
  if (!isThere)
    return {
      phase: 'Progressing',
      message: `each variant is to get ${wanted} per cent; ${seeRelease(release)}`,
    }
  const phase: Phase = spec.state === 'PAUSED' ? 'Paused' : 'Running'
  return { phase, message: `each variant has ${wanted} per cent of the traffic` }
}

/** Why its variants were turned back, if they were: while they are on trial, or are to become stable. */
function failureOf(record: Experiment, { release, concluded: done }: Known): string | undefined {
  const { spec } = record
  const isPromoting = winnerOf(record) !== undefined && done < versionOf(record)
  if (spec.state !== 'INPROGRESS' && spec.state !== 'PAUSED' && !isPromoting) return undefined
  const roles = experimental(spec.variants).map(roleOf)
  const { failed = [], trials = [] } = release?.status ?? {}
  const found = failed.find(
    ({ candidate }) =>
      roles.includes(candidate) && !trials.some((trial) => trial.candidate === candidate),
  )
  return found === undefined ? undefined : `${found.reason}: ${found.message}`
}

/** Which variants still have something in the release, as a sentence. */
function leaving({ spec }: Experiment, release: Release | undefined): string | undefined {
  const { trials = [] } = release?.status ?? {}
  const asked = release?.spec.strategy.commanded?.candidates ?? []
  const present = experimental(spec.variants)
    .map(roleOf)
    .filter(
      (role) =>
        trials.some(({ candidate }) => candidate === role) ||
        asked.some(({ name }) => name === role),
    )
  if (present.length > 0) return `${present.join(', ')} is being taken back; ${seeRelease(release)}`
  if (release === undefined || isCleared(release)) return undefined
  return `what is left is being cleared away; ${seeRelease(release)}`
}

/** Nothing of those that left is there any more, as far as can be told beside others that are on trial. */
function isCleared({ metadata, spec, status }: Release): boolean {
  if (status?.observedGeneration !== metadata.generation) return false
  const others = spec.strategy.commanded?.candidates ?? []
  const { phase, reason } = status ?? {}
  return others.length > 0 || (phase === 'Completed' && reason?.type !== 'Draining')
}

// Its reason changes with every pod that becomes ready: to repeat that here would be a write for each, on each record.
function seeRelease(release: Release | undefined): string {
  return release === undefined
    ? 'the release is being written'
    : `Release ${release.metadata.name} says what it waits for`
}

function weightsOf({ spec }: Experiment, release: Release | undefined): string {
  return experimental(spec.variants)
    .map((variant) => `${variant.name}=${candidateIn(release, variant)?.weight.confirmed ?? 0}`)
    .join(',')
}

function candidateIn(release: Release | undefined, variant: Variant) {
  return release?.status?.candidates?.find(({ name }) => name === roleOf(variant))
}

function experimental(variants: readonly Variant[]): readonly Variant[] {
  return variants.filter(({ type }) => type === 'EXPERIMENTAL')
}

function outcomeOf(record: Experiment): ExperimentStatus['outcome'] {
  const { state } = record.spec
  if (state === 'DISCARDED') return 'discarded'
  if (state !== 'CONCLUDED') return undefined
  return winnerOf(record) === undefined ? 'controlWon' : 'experimentalWon'
}

const settledPhases: readonly Phase[] = ['Running', 'Paused', 'Concluded', 'Discarded']

function ready(told: Told, before: readonly Condition[] = [], now: Instant): Condition {
  const status = settledPhases.includes(told.phase) ? 'True' : 'False'
  const known = before.find(({ type }) => type === 'Ready')
  const lastTransitionTime =
    known?.status === status ? known.lastTransitionTime : formatInstant(now)
  return { type: 'Ready', status, reason: told.phase, message: told.message, lastTransitionTime }
}
