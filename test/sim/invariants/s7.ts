/** S7: every step and every promotion has its explanation: time that passed, an analysis that passed, a command. */
import type { Release } from '#core/api/release.ts'
import type { ReleaseStep } from '#core/api/strategy/canary.ts'
import { parseDuration, parseInstant } from '#core/time.ts'
import { type Recorded, recordOf } from '../record.ts'
import { stepsOf } from '../states.ts'
import type { Write } from '../truth.ts'
import { type Invariant, type Scene, shop } from './invariant.ts'

/** Two lives may differ by as much as a wall clock is trusted to be off; the server tells whole seconds. */
const clockErrorMs = 6_000
/** An instant is written down in milliseconds, and a little later than it was. */
const roundingMs = 50
/** Where the run begins, by true clocks. */
const beginning = Date.UTC(2026, 10, 21)

export const s7: Invariant = {
  id: 'S7',
  says: 'no step and no promotion without its explanation',
  write: (write, scene) => {
    if (!write.cause.ours || write.shelf !== 'releases' || write.key !== shop) return undefined
    const [before, after] = [
      write.before as Release | undefined,
      write.after as Release | undefined,
    ]
    if (before?.metadata.uid !== after?.metadata.uid) return undefined
    if (before?.status === undefined || after?.status === undefined) return undefined
    const [was, is] = [recordOf(before), recordOf(after)]
    return (
      unexplainedSteps(write, after, was, is, scene) ??
      unexplainedStable(was, is) ??
      invented(was, is, scene)
    )
  },
}

function unexplainedSteps(
  write: Write,
  release: Release,
  before: Recorded,
  after: Recorded,
  scene: Scene,
): string | undefined {
  const [from, to] = [before.trials[0], after.trials[0]]
  if (from === undefined || to?.revision !== from.revision) return undefined
  const told = news(before, after)
  if (told.some(({ action }) => action === 'Start')) return undefined
  const full = commanded(told, 'PromoteFull', scene)
  const [first, last] = [from.step, to.step]
  for (let index = first; index < last && !full; index += 1) {
    const step = stepsOf(release)[index]
    if (index === first && commanded(told, 'Promote', scene)) continue
    const since = index === first ? from.stepStartedAt : undefined
    const problem = unexplained(step, since, write, after, scene)
    if (problem !== undefined) return `step ${index}: ${problem}`
  }
  const { strategy } = scene.setting
  const problem = unasked(write, release, scene)
  const isBegun = from.stage === 'steps' && to.stage === 'promoting'
  if (isBegun && !full && problem !== undefined) return problem
  const isJudgedBefore =
    strategy === 'canary' || release.spec.strategy.blueGreen?.prePromotion !== undefined
  if (isBegun && !full && isJudgedBefore) {
    const policy = scene.setting.analysis?.policy
    const open = after.measurements.find(({ verdict }) => verdict !== 'passing')
    if (open !== undefined && (policy !== 'continue' || open.verdict === 'failing'))
      return `promoted with metric ${open.metric} ${open.verdict}`
    const isAnalysed = release.spec.analysis !== undefined
    if (isAnalysed && after.measurements.length === 0 && policy !== 'continue')
      return 'promoted without any measurement'
  }
  return undefined
}

/** Where people or programs name the winner, nobody else does. */
function unasked(write: Write, { spec }: Release, scene: Scene): string | undefined {
  const asked = [spec, ...write.cause.told.flatMap((view) => view.releases.get(shop)?.spec ?? [])]
  const { strategy } = scene.setting
  const isTold = [...scene.given.values()].some(({ verb }) => verb.startsWith('promote'))
  if (strategy === 'experiment')
    return isTold || asked.some((one) => one.strategy.experiment?.conclude?.winner === 'b')
      ? undefined
      : 'a candidate wins whom nobody named'
  if (strategy !== 'commanded') return undefined
  return asked.some((one) => one.strategy.commanded?.candidates[0]?.promote === true)
    ? undefined
    : 'promoted without a word from outside'
}

function unexplained(
  step: ReleaseStep | undefined,
  since: string | undefined,
  write: Write,
  after: Recorded,
  scene: Scene,
): string | undefined {
  if (step?.pause !== undefined) {
    if (typeof step.pause !== 'string') return 'an open pause ends without a command'
    const begun = parseInstant(since)
    if (begun === undefined) return 'a pause is skipped'
    const waited = beginning + write.cause.issuedAt - begun
    const least = leastWait(parseDuration(step.pause) ?? 0, since ?? '', write, scene)
    return waited < least ? `a pause of ${step.pause} ends after ${waited} ms` : undefined
  }
  if (step?.analysis === undefined) return undefined
  const open = after.measurements.find(
    ({ metric, verdict }) => step.analysis?.includes(metric) === true && verdict === 'failing',
  )
  return open === undefined ? undefined : `metric ${open.metric} is ${open.verdict}`
}

/**
 * How long a pause takes at least by a true clock. Wrong wall clocks count for nothing within one life; between two it
 * is what they may be off. Only a clock that runs at another rate makes true waits shorter.
 */
function leastWait(duration: number, since: string, write: Write, scene: Scene): number {
  const { struck, stampedBy } = scene
  const clocks = struck.filter(({ fault }) => fault === 'clock')
  if (clocks.some(({ variant }) => variant % 6 > 3)) return Number.NEGATIVE_INFINITY
  const sameLife = stampedBy(since) === write.cause.actor
  const isOff = clocks.some(({ variant }) => variant % 6 > 1)
  return duration - roundingMs - (sameLife && !isOff ? 0 : clockErrorMs)
}

/** Good samples on record for which nobody gave a good answer. */
function invented(before: Recorded, after: Recorded, { wasGood }: Scene): string | undefined {
  const known = new Set(samplesOf(before))
  const made = samplesOf(after).find((at) => !known.has(at) && !wasGood(parseInstant(at) ?? 0))
  return made === undefined ? undefined : `a good sample at ${made}, when there was no good answer`
}

function samplesOf({ measurements }: Recorded): readonly string[] {
  return measurements.flatMap(({ samples = [] }) =>
    samples.filter(({ verdict }) => verdict === 'passing').map(({ at }) => at),
  )
}

function unexplainedStable(before: Recorded, after: Recorded): string | undefined {
  const [from, to] = [before.stable, after.stable]
  if (from === '' || from === to) return undefined
  const isPromotion = before.trials.some(
    ({ stage, revision }) => (stage === 'promoting' || stage === 'verifying') && revision === to,
  )
  return isPromotion ? undefined : `stable turns from ${from} to ${to} without a promotion`
}

type Records = Recorded['decisions']

/** What this status tells that the one before did not. */
export function news(before: Recorded, after: Recorded): Records {
  const known = new Set(before.decisions.map((record) => JSON.stringify(record)))
  return after.decisions.filter((record) => !known.has(JSON.stringify(record)))
}

/** Whether a person really asked for that. */
export function commanded(told: Records, action: string, { given }: Scene): boolean {
  const verb = { Promote: 'promote', PromoteFull: 'promote-full', Retry: 'retry' }[action]
  return told.some(
    (record) => record.action === action && given.get(record.actionId ?? '')?.verb === verb,
  )
}
