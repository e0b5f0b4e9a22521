/** The Release that a service should have now, from its records, what is written already, and what Superposition says. */
import type { Release } from '#core/api/release.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Clock } from '#kube/ports.ts'
import type { Experiment } from './experiment.ts'
import { configChange } from './follow.ts'
import { type Found, findMain } from './main-objects.ts'
import { type CandidateWanted, type Plan, planOf, type Reached, type Source } from './plan.ts'
import {
  isOurs,
  type Place,
  type ReleaseWanted,
  type Resolved,
  releaseOf,
  type Standing,
  standingOf,
  turned,
} from './release.ts'
import type { Settings } from './settings.ts'
import { Unresolved } from './superposition-api.ts'
import { copiedFrom, portOf, type Variants } from './variants.ts'

export type Built = {
  /** Undefined where there is nothing to be written. */
  readonly wanted: Release | undefined
  /** Why experiments have no place, by the names of their records. */
  readonly refused: Plan['refused']
  /** What could not be done now, by the names of the records. */
  readonly problems: Readonly<Record<string, string>>
  /** Somebody had changed the release by hand. */
  readonly edited: boolean
}

export type BuildParts = {
  readonly cluster: Pick<Cluster, 'get' | 'list'>
  readonly settings: Settings
  readonly variants: Variants
  readonly clock: Pick<Clock, 'now'>
}

/** One with ingress-nginx, which honours a single canary for a host and path; else as many as a release takes. */
function mostCandidates({ router }: Settings): number {
  return router === 'nginx' ? 1 : 16
}

export async function build(
  parts: BuildParts,
  place: Place,
  records: readonly Experiment[],
  release: Release | undefined,
): Promise<Built> {
  const { settings } = parts
  if (release !== undefined && !isOurs(release)) {
    const why = `Release ${place.service} was not made for Superposition; rename or delete it`
    return { wanted: undefined, refused: {}, problems: forAll(records, why), edited: false }
  }
  const written = release === undefined ? undefined : standingOf(release)
  const standing = written === undefined ? undefined : turned(written)
  const plan = planOf(records, reachedBy(standing), mostCandidates(settings))
  const { refused } = plan
  const edited = standing?.edited ?? release !== undefined
  const base = await baseOf(parts, { place, plan, release, standing })
  if (base.kind === 'nothing') return { wanted: undefined, refused, problems: {}, edited: false }
  if (base.kind === 'problem')
    return { wanted: undefined, refused, problems: forAll(records, base.why), edited }
  const change = await configChange(
    parts,
    place,
    base,
    mostCandidates(settings) - plan.candidates.length,
  )
  const asked = [...plan.candidates, ...(change.candidate === undefined ? [] : [change.candidate])]
  const seats = await seated(parts, { place, asked, base: { ...base, stable: change.stable } })
  const wanted: ReleaseWanted = {
    place,
    stable: change.stable,
    candidates: seats.candidates,
    main: base.main,
    concluded: Math.max(base.concluded, standing === undefined ? plan.concluded : 0),
    port: portOf(change.stable.resolved.template),
    now: parts.clock.now(),
  }
  return {
    wanted: releaseOf(wanted, settings, standing),
    refused,
    problems: seats.problems,
    edited,
  }
}

/** Of a release that somebody edited nobody knows what stands beside stable. */
function reachedBy(standing: Standing | undefined): Reached | undefined {
  if (standing === undefined) return undefined
  const { concluded, candidates, edited } = standing
  return { concluded, roles: edited ? [] : Object.keys(candidates) }
}

function forAll(records: readonly Experiment[], why: string): Record<string, string> {
  return Object.fromEntries(records.map(({ metadata }) => [metadata.name, why]))
}

/** What the candidates stand beside. */
export type Base = {
  readonly stable: Standing['stable']
  readonly main: Standing['main']
  readonly concluded: number
  readonly standing: Standing | undefined
}

type BaseResult =
  | ({ readonly kind: 'base' } & Base)
  | { readonly kind: 'nothing' }
  | { readonly kind: 'problem'; readonly why: string }

type Given = {
  readonly place: Place
  readonly plan: Plan
  readonly release: Release | undefined
  readonly standing: Standing | undefined
}

async function baseOf(parts: BuildParts, given: Given): Promise<BaseResult> {
  const { place, plan, release, standing } = given
  if (standing !== undefined)
    return { kind: 'base', ...(await repaired(parts, place, standing)), standing }
  if (plan.baseline === undefined) return { kind: 'nothing' }
  try {
    const found = await findMain(parts.cluster, place, parts.settings)
    if (found.problem !== undefined) return { kind: 'problem', why: found.problem }
    const kept = release?.spec
    const main =
      kept === undefined
        ? found.main
        : { service: kept.services.stable, route: kept.traffic.route ?? found.main.route }
    const stable = await installed(
      parts,
      place,
      plan.baseline,
      kept === undefined ? found : undefined,
    )
    return { kind: 'base', stable, main, concluded: 0, standing }
  } catch (error) {
    return { kind: 'problem', why: whyNot(error) }
  }
}

/** What people have running serves on; else the control, or who has won. */
async function installed(
  { variants }: BuildParts,
  place: Place,
  baseline: Source,
  found: Found | undefined,
): Promise<Standing['stable']> {
  const serving = found?.serving
  if (serving === undefined) {
    const resolved = await variants.resolved(place, baseline)
    return { source: baseline, resolved, revision: baseline.name }
  }
  const name = 'original'
  const source = { ...baseline, id: serving.metadata.name, name, copied: serving.metadata.name }
  return { source, resolved: copiedFrom(place, serving), revision: name }
}

/** Of a release that somebody edited, nothing counts but what it was made of. */
async function repaired(
  { variants }: BuildParts,
  place: Place,
  standing: Standing,
): Promise<Omit<Base, 'standing'>> {
  const { stable, main, concluded } = standing
  if (!standing.edited) return { stable, main, concluded }
  const resolved = await variants.resolved(place, stable.source).catch(() => stable.resolved)
  const revision = standing.release.status?.stable?.revision ?? stable.source.name
  return { stable: { ...stable, resolved, revision }, main, concluded }
}

type Seats = {
  readonly candidates: ReleaseWanted['candidates']
  readonly problems: Record<string, string>
}

/** The candidates with what they run; those that cannot be resolved stay out, and their records say why. */
async function seated(
  parts: BuildParts,
  { place, asked, base }: { place: Place; asked: readonly CandidateWanted[]; base: Base },
): Promise<Seats> {
  const problems: Record<string, string> = {}
  const port = portOf(base.stable.resolved.template)
  const found = await Promise.all(
    asked.map(async (wanted) => {
      try {
        const { source, resolved } = await resolvedFor(parts, place, wanted, base.standing)
        if (portOf(resolved.template) !== port)
          throw new Unresolved(
            `container.port of ${source.id} is another than that of ${base.stable.source.id}; one Service leads to both, so give them the same`,
          )
        return [{ wanted: { ...wanted, source }, resolved }]
      } catch (error) {
        problems[wanted.record] = whyNot(error)
        return []
      }
    }),
  )
  return { candidates: found.flat(), problems }
}

/** What was resolved once for a variant stays: it is what was begun with. */
async function resolvedFor(
  { variants }: BuildParts,
  place: Place,
  { role, source }: CandidateWanted,
  standing: Standing | undefined,
): Promise<{ readonly source: Source; readonly resolved: Resolved }> {
  const known = standing?.candidates[role]
  const isSame = known?.source.id === source.id && known.source.workspace === source.workspace
  if (known === undefined || !isSame)
    return { source, resolved: await variants.resolved(place, source) }
  if (standing?.edited !== true) return known
  return { source: known.source, resolved: await variants.resolved(place, known.source) }
}

function whyNot(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
