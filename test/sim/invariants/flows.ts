/** What holds for some flows alone: blue-green turns once and keeps the old colour; judgements only grow. */
import type { Release } from '#core/api/release.ts'
import type { Service, Workload } from '#core/k8s/workloads.ts'
import { labels } from '#core/render/names.ts'
import { parseInstant } from '#core/time.ts'
import { hasRoute } from '../objects.ts'
import type { FaultKind } from '../plan.ts'
import { recordOf, trialOf } from '../record.ts'
import type { Truth, Write } from '../truth.ts'
import { backends, workloadsOf } from '../view.ts'
import { type Invariant, type Scene, shop, wasSo } from './invariant.ts'
import { fallOf } from './s5.ts'

/** Two lives may differ by as much as a wall clock is trusted to be off. */
const clockErrorMs = 6_000
const beginning = Date.UTC(2026, 10, 21)

export const flows: Invariant = {
  id: 'F',
  says: 'blue-green turns once and keeps the old colour for a while; what was judged bad stays so',
  write: (write, scene) =>
    write.cause.ours
      ? (turnedTwice(write, scene) ??
        lostColour(write, scene) ??
        forgiven(write) ??
        leftPlace(write, scene))
      : undefined,
}

/** The active selector turns to a version at most once in a promotion. */
function turnedTwice(write: Write, { setting, struck, notes }: Scene): string | undefined {
  if (setting.strategy !== 'blueGreen' || write.key !== 'default/shop-stable') return undefined
  if (write.shelf !== 'services' || write.before === undefined) return undefined
  // Somebody else may turn it as well.
  if (struck.some(({ fault }) => fault === 'interference')) return undefined
  const [from, to] = [revisionIn(write.before), revisionIn(write.after)]
  const trial = trialOf(write.was.releases.get(shop))
  if (from === to || to === undefined || trial?.revision !== to) return undefined
  const key = `turn ${trial.startedAt} ${to}`
  const times = (notes.get(key) ?? 0) + 1
  notes.set(key, times)
  return times > 1 ? `shop-stable turns to ${to} ${times} times in one promotion` : undefined
}

function revisionIn(service: Write['after']): string | undefined {
  return (service as Service | undefined)?.spec.selector?.[labels.revision]
}

/** As long as the record says that there is a way back, its pods stay: those that are ready. */
function lostColour(write: Write, scene: Scene): string | undefined {
  const fall = fallOf(write)
  if (fall === undefined || scene.struck.some(({ fault }) => fault === 'clock')) return undefined
  const gone = (view: Truth): boolean => {
    const release = view.releases.get(shop)
    if (release?.metadata.deletionTimestamp !== undefined) return true
    const { previous } = release?.status ?? {}
    if (previous?.revision !== fall.revision) return true
    const until = (parseInstant(previous.until) ?? 0) - beginning
    const ready = workloadsOf(view, fall.revision).reduce(
      (sum, { status }: Workload) => sum + (status?.readyReplicas ?? 0),
      0,
    )
    return write.cause.issuedAt >= until - clockErrorMs || fall.left >= ready
  }
  return wasSo(write, gone) ? undefined : `${fall.name} goes while it is the way back`
}

/** Bad samples of one trial are never forgotten. */
function forgiven({ shelf, key, before, after }: Write): string | undefined {
  if (shelf !== 'releases' || key !== shop) return undefined
  const [was, is] = [before as Release | undefined, after as Release | undefined]
  const [from, to] = [trialOf(was), trialOf(is)]
  if (from === undefined || from.startedAt !== to?.startedAt || from.revision !== to.revision)
    return undefined
  for (const { metric, bad, revision } of recordOf(was).measurements) {
    const same = recordOf(is).measurements.find(
      (one) => one.metric === metric && one.revision === revision,
    )
    if (same !== undefined && same.bad < bad)
      return `metric ${metric} had ${bad} bad samples and has ${same.bad}`
  }
  return undefined
}

/** A release that goes takes the places along that commands gave its candidates. */
function leftPlace(
  { shelf, key, type, was, before, cause }: Write,
  scene: Scene,
): string | undefined {
  if (shelf !== 'releases' || key !== shop || type !== 'DELETED') return undefined
  if (scene.setting.strategy !== 'commanded' || !hasRoute(scene.setting)) return undefined
  // What cannot be given back in time stays behind, and somebody else may write it anew.
  const since = parseInstant(before?.metadata.deletionTimestamp) ?? 0
  const isOverdue = cause.issuedAt + beginning >= since + progressDeadlineMs - clockErrorMs
  if (isOverdue || scene.struck.some(({ fault }) => excused.includes(fault))) return undefined
  const places = (view: Truth): readonly string[] =>
    backends(view, scene).flatMap(({ role, weight }) =>
      role === 'stable' ? [] : `${role} ${weight}`,
    )
  if ([was, ...cause.told].some((view) => places(view).length === 0)) return undefined
  return `the release goes and leaves ${places(was).join(', ')} in the route`
}

const progressDeadlineMs = 60_000
const excused: readonly FaultKind[] = [
  'interference',
  'odd-objects',
  'user',
  'kind-missing',
  'clock',
]
