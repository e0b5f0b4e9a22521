/** Candidates beside stable, each at the place its own steps or commands gave it; what none of them takes is stable's. */
import { type Facts, hasRules, isQuiet } from '../facts.ts'
import { type App, type Match, routedRoles, stepsOf } from '../model/app.ts'
import type { Notebook, Trial } from '../model/notebook.ts'
import { podsFor, type RoleName, stable } from '../model/weights.ts'
import { type Position, positionAt } from '../steps/step.ts'
import type { Instant } from '../time.ts'
import { withinBounds } from './bounds.ts'
import { ratioStance } from './pool.ts'
import { promotionPart, switched } from './promotion.ts'
import { restStance } from './rest.ts'
import { type PodsWanted, type Stance, withRest } from './strategy.ts'

/** What a candidate's trial asks for, beside the others'. */
type Share = {
  readonly trial: Trial
  readonly weight: number
  readonly matches: readonly Match[]
  readonly replicas: number
}

type Book = Pick<Notebook, 'trials' | 'previous' | 'seat'>

/** Where everything should be with these trials under way. Those on their way back ask for nothing any more. */
export function trialsStance(
  app: App,
  stableRevision: string,
  book: Book,
  facts: Facts,
  now: Instant,
): Stance {
  const inStage = (kind: Trial['stage']['kind']): readonly Trial[] =>
    book.trials.filter(({ stage }) => stage.kind === kind)
  const back = inStage('retreating')
  const shares = inStage('steps').map((trial) => shareOf(app, trial))
  const besides = besideStable(app, restStance(app, stableRevision, book, facts, now), {
    shares,
    kept: leavingWithTraffic(back, facts, now),
    hurry: back.length > 0,
    facts,
  })
  const [promoting] = inStage('promoting')
  const [verifying] = inStage('verifying')
  const winner = promoting ?? verifying
  const beside = winner === undefined ? besides : withLosers(app, besides, back, facts)
  // By role the judged pods prove themselves where they were judged, with all the traffic.
  if (verifying !== undefined && app.workloads.layout.by === 'revision')
    return switched(app, beside, verifying)
  if (verifying !== undefined) return promotionPart(app, beside, verifying, facts, now)
  return promoting === undefined ? beside : promotionPart(app, beside, promoting, facts, now)
}

/** Of an experiment, the losers' pods stay until the winner has all the traffic. */
function withLosers(app: App, stance: Stance, back: readonly Trial[], facts: Facts): Stance {
  if (app.plan.experiment === undefined) return stance
  const kept = back.map(({ role, revision }) => {
    return { role, revision, replicas: facts.workload(revision, role)?.replicas ?? 0 }
  })
  return { ...stance, pods: [...stance.pods, ...kept.filter(({ replicas }) => replicas > 0)] }
}

function besideStable(
  app: App,
  rest: Stance,
  given: {
    readonly shares: readonly Share[]
    readonly kept: readonly RoleName[]
    readonly hurry: boolean
    readonly facts: Facts
  },
): Stance {
  const { shares, kept, hurry, facts } = given
  const roles = new Set([...routedRoles(app), ...kept])
  const stance: Stance = {
    ...rest,
    revisions: revisionsOf(rest, shares),
    weights: withRest([
      ...[...roles].map((role) => [role, 0] as const),
      ...shares.flatMap(({ trial, weight }) =>
        roles.has(trial.role) ? [[trial.role, weight] as const] : [],
      ),
    ]),
    matches: Object.fromEntries(
      shares.flatMap(({ trial, matches }) => (matches.length === 0 ? [] : [[trial.role, matches]])),
    ),
    hurry,
  }
  const [first] = shares
  if (facts.router.capabilities.by === 'pods' && first !== undefined && first.weight > 0)
    return ratioStance(app, stance, first.trial, first.weight)
  const pods = shares.map(podsOfShare)
  const split = { ...stance, pods: [...splitFrom(app, rest.pods, pods), ...pods] }
  return shares.length === 1 && first !== undefined
    ? withinBounds(app, split, facts, first.trial.role)
    : split
}

// Without pods there is nothing to point at: such a candidate's Service stays where it is, and gets no traffic.
function revisionsOf({ revisions }: Stance, shares: readonly Share[]): Stance['revisions'] {
  const empty = new Set(
    shares
      .filter(({ weight, replicas }) => weight === 0 && replicas === 0)
      .map(({ trial }) => trial.role),
  )
  const own = shares.map(({ trial }) => [trial.role, trial.revision] as const)
  const all = [...Object.entries(revisions), ...own]
  return Object.fromEntries(all.filter(([role]) => !empty.has(role)))
}

/** Candidates on their way back that have a place in the route still, and traffic there. */
function leavingWithTraffic(
  back: readonly Trial[],
  facts: Facts,
  now: Instant,
): readonly RoleName[] {
  const { reading } = facts
  const placed = reading.kind === 'read' ? reading.roles : []
  return back
    .map(({ role }) => role)
    .filter((role) => placed.includes(role) && !isQuiet(facts, role, now))
}

/** Stable's pods, less those that candidates take where the plan says so. */
function splitFrom(
  { plan, replicas }: App,
  own: readonly PodsWanted[],
  others: readonly PodsWanted[],
): readonly PodsWanted[] {
  if (plan.split !== true) return own
  const taken = others.reduce((sum, one) => sum + one.replicas, 0)
  return own.map((one) =>
    one.role === stable ? { ...one, replicas: Math.max(0, replicas - taken) } : one,
  )
}

function podsOfShare({ trial: { role, revision }, replicas }: Share): PodsWanted {
  return { role, revision, replicas }
}

function shareOf(app: App, trial: Trial): Share {
  const { weight, matches, replicas } = positionOf(app, trial)
  // Requests that a rule picks may be all of them.
  const needed = matches.length > 0 ? app.replicas : podsFor(app.replicas, weight)
  return { trial, weight, matches, replicas: replicas ?? needed }
}

/** Where a trial stands: at the newest command, else where its steps led it. */
export function positionOf(app: App, { role, command, step }: Trial): Position {
  return command === undefined
    ? positionAt(stepsOf(app, role), step)
    : { weight: command.weight, matches: [], replicas: command.replicas }
}

/** Whether a candidate can be measured: it has traffic, or as a preview all that it will get before its promotion. */
export function isExposed(app: App, trial: Trial, facts: Facts): boolean {
  if (trial.stage.kind === 'verifying') return true
  const { weight, matches } = positionOf(app, trial)
  const hasPlace = app.services[trial.role] !== undefined
  if (isJudgedAfterwards(app, trial)) return false
  if (app.plan.strategy === 'blueGreen' || !hasPlace)
    return facts.endpoints(trial.role, trial.revision) > 0
  return (
    (weight > 0 && (facts.weights?.[trial.role] ?? 0) > 0) ||
    (matches.length > 0 && hasRules(facts, trial.role))
  )
}

/** A preview has no requests of its own: where nothing is to be measured before the switch, nothing is. */
function isJudgedAfterwards(app: App, { role }: Trial): boolean {
  const { strategy, promotion } = app.plan
  const before = stepsOf(app, role).some(({ kind }) => kind === 'analysis')
  return strategy === 'blueGreen' && promotion.verify.length > 0 && !before
}
