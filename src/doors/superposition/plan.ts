/**
 * All experiments of one service as one plan: who is stable, and which candidates stand beside it with what share. It
 * follows from the records and from what the release has come to, never from the order in which events came.
 */
import { microsOf } from './event.ts'
import type { Experiment, Variant } from './experiment.ts'
import { isOver } from './ledger.ts'

/** What is asked of Superposition to know what a variant runs. */
export type Source = {
  readonly organisation: string
  readonly workspace: string
  /** The variant's own id, and its name in the names of objects. */
  readonly id: string
  readonly name: string
  readonly context: Experiment['spec']['context']
  /** Empty for the base configuration. */
  readonly variantIds: readonly string[]
  readonly configVersion?: string
  /** A Deployment of people that it was copied from, instead. */
  readonly copied?: string
}

export type CandidateWanted = {
  /** How the release calls it. */
  readonly role: string
  readonly source: Source
  readonly weight: number
  readonly promote: boolean
  /** Microseconds: when its experiment was changed last. */
  readonly version: number
  /** Name of the experiment's record. */
  readonly record: string
}

export type Plan = {
  /** What is installed where nothing is yet; undefined where nothing has been started. */
  readonly baseline: Source | undefined
  readonly candidates: readonly CandidateWanted[]
  /** Why the candidates of a record have no place, by the record's name. */
  readonly refused: Readonly<Record<string, string>>
  /** The newest conclusion that a variant has won, in microseconds. */
  readonly concluded: number
}

/** A candidate must not have the name of the role that everybody knows. */
export function roleOf({ name }: Pick<Variant, 'name'>): string {
  return name === 'stable' ? 'variant-stable' : name
}

/** What the release has come to; undefined where there is none yet. */
export type Reached = {
  /** The newest conclusion that it has carried out, in microseconds. */
  readonly concluded: number
  /** Roles of those that stand beside stable. */
  readonly roles: readonly string[]
}

/**
 * @param most How many candidates the router takes at once: one with ingress-nginx, which honours a single canary for a
 * host and path.
 */
export function planOf(
  records: readonly Experiment[],
  reached: Reached | undefined,
  most: number,
): Plan {
  const sorted = records.toSorted(byAge)
  const winner = newestWinner(sorted)
  const isNews = winner !== undefined && reached !== undefined && winner.version > reached.concluded
  const promoting = isNews ? [candidateOf(winner, true), ...losersOf(winner, reached.roles)] : []
  const active = sorted.filter(({ spec }) => spec.state === 'INPROGRESS' || spec.state === 'PAUSED')
  const { candidates, refused } = seated(active, promoting, most)
  return {
    baseline: baselineOf(sorted, winner),
    candidates,
    refused,
    concluded: winner?.version ?? 0,
  }
}

/** Oldest first; of the same age by name, so that everybody sees the same order. */
function byAge(one: Experiment, other: Experiment): number {
  const [first, second] = [ageKey(one), ageKey(other)]
  return first < second ? -1 : first > second ? 1 : 0
}

function ageKey({ metadata, spec }: Experiment): string {
  const created = microsOf(spec.createdAt) ?? 0
  return `${String(created).padStart(17, '0')} ${metadata.name}`
}

type Winner = { readonly record: Experiment; readonly variant: Variant; readonly version: number }

/** The one that concluded last. */
function newestWinner(records: readonly Experiment[]): Winner | undefined {
  const winners = records.flatMap((record) => {
    const variant = winnerOf(record)
    return variant === undefined ? [] : [{ record, variant, version: versionOf(record) }]
  })
  return winners.reduce<Winner | undefined>(
    (best, one) => (best === undefined || one.version >= best.version ? one : best),
    undefined,
  )
}

/** The experimental variant that won; undefined where none did. */
export function winnerOf({ spec }: Experiment): Variant | undefined {
  if (spec.state !== 'CONCLUDED') return undefined
  const chosen = spec.variants.find(({ id }) => id === spec.chosenVariant)
  return chosen?.type === 'EXPERIMENTAL' ? chosen : undefined
}

export function versionOf({ spec }: Experiment): number {
  return microsOf(spec.lastModified) ?? 0
}

function candidateOf(
  { record, variant }: Omit<Winner, 'version'>,
  promote: boolean,
): CandidateWanted {
  const { spec } = record
  return {
    role: roleOf(variant),
    source: sourceOf(record, variant),
    weight: spec.state === 'PAUSED' ? 0 : spec.trafficPercentage,
    promote,
    version: versionOf(record),
    record: record.metadata.name,
  }
}

/** Whom it has won against, as far as they stand there: without traffic, and until the winner is stable. */
function losersOf(
  { record, variant }: Winner,
  standing: readonly string[],
): readonly CandidateWanted[] {
  return record.spec.variants
    .filter(({ type, id }) => type === 'EXPERIMENTAL' && id !== variant.id)
    .map((loser) => ({ ...candidateOf({ record, variant: loser }, false), weight: 0 }))
    .filter(({ role }) => standing.includes(role))
}

function sourceOf({ spec }: Experiment, { id, name }: Variant): Source {
  const { organisation, workspace, context, configVersion } = spec
  return {
    organisation,
    workspace,
    id,
    name,
    context,
    // The contexts of variants are gone with their experiment; what won is in the base by then.
    variantIds: isOver(spec.state) ? [] : [id],
    ...(configVersion === undefined ? {} : { configVersion }),
  }
}

function seated(
  active: readonly Experiment[],
  promoting: readonly CandidateWanted[],
  most: number,
): Pick<Plan, 'candidates' | 'refused'> {
  const candidates = [...promoting]
  const refused: Record<string, string> = {}
  for (const record of active) {
    const own = record.spec.variants
      .filter(({ type }) => type === 'EXPERIMENTAL')
      .map((variant) => candidateOf({ record, variant }, false))
      .filter(({ role }) => !promoting.some((one) => one.role === role))
    const why = noSeat(own, candidates, most)
    if (why === undefined) candidates.push(...own)
    else refused[record.metadata.name] = why
  }
  return { candidates, refused }
}

function noSeat(
  own: readonly CandidateWanted[],
  seated: readonly CandidateWanted[],
  most: number,
): string | undefined {
  const names = [...new Set(seated.map(({ record }) => record))].join(', ')
  if (own.length > most)
    return `${own.length} experimental variants at once are more than this router can split; ingress-nginx honours one canary for a host, so use --superposition-router gateway-api or istio`
  if (own.length + seated.length > most)
    return `waits for ${names}: this router can split off ${most === 1 ? 'one variant' : `${most} variants`} at a time`
  const share = [...own, ...seated].reduce((sum, { weight }) => sum + weight, 0)
  if (share > 100)
    return `its share would make ${share} per cent of all together with ${names}; lower one of them`
  const twice = own.find(({ role }) => seated.some((one) => one.role === role))
  if (twice !== undefined) return `the variant ${twice.source.id} is on trial for ${names} already`
  return undefined
}

/** The variant that is to serve where nothing does: who has won, else the control of the oldest that was started. */
function baselineOf(
  records: readonly Experiment[],
  winner: Winner | undefined,
): Source | undefined {
  if (winner !== undefined) return sourceOf(winner.record, winner.variant)
  const first = records.find(({ spec }) => spec.started)
  if (first === undefined) return undefined
  const control = first.spec.variants.find(({ type }) => type === 'CONTROL')
  if (control !== undefined) return sourceOf(first, control)
  return { ...sourceOf(first, { id: 'control', name: 'control', type: 'CONTROL' }), variantIds: [] }
}
