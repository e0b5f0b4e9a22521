/**
 * Rules by match: one comes when the role's Service selects the revision and has its pods ready, for a rule may pick
 * everybody; it goes before the Service turns or pods leave, and only where stable can serve those whom it picked.
 */
import { entry } from '../entry.ts'
import type { Facts } from '../facts.ts'
import { canonicalJson } from '../hash.ts'
import type { Match } from '../model/app.ts'
import { type RoleName, stable, type Weights, weightOf } from '../model/weights.ts'
import { podsOf, type Stance } from '../strategies/strategy.ts'
import type { Matches } from '../traffic/router.ts'
import { type Held, waitingFor } from './waiting.ts'

/** The rules that may stand now, beside the weights that are written now (undefined for those that stand). */
export function nextMatches(facts: Facts, stance: Stance, next: Weights | undefined): Matches {
  const { reading } = facts
  const current = reading.kind === 'read' ? reading : { matches: {}, weights: {} }
  const weights = next ?? current.weights
  const roles = new Set([...Object.keys(current.matches), ...Object.keys(stance.matches)])
  return Object.fromEntries(
    [...roles].flatMap((role) => {
      const had = entry(current.matches, role)
      const wanted = entry(stance.matches, role)
      const rises = weightOf(stance.weights, role) > weightOf(weights, role)
      const now = nextOf(facts, stance, { role, had, wanted, rises })
      return now === undefined ? [] : [[role, now] as const]
    }),
  )
}

type Rules = readonly Match[] | undefined

function nextOf(
  facts: Facts,
  stance: Stance,
  { role, had, wanted, rises }: { role: RoleName; had: Rules; wanted: Rules; rises: boolean },
): Rules {
  const astray = facts.selected(role) !== stance.revisions[role]
  if (wanted === undefined || astray) {
    // Who is on the way to all traffic keeps those that it has until the weight comes.
    const stays = wanted === undefined && !astray && rises && !stance.hurry
    return stays || !mayLeave(facts, role) ? had : undefined
  }
  return isSame(had, wanted) || isReady(facts, stance, role) ? wanted : had
}

/** Whether those whom a rule picks can be served without it; or are not served with it either. */
function mayLeave(facts: Facts, role: RoleName): boolean {
  return facts.listedAll(stable) > 0 || facts.listedAll(role) === 0
}

function isReady(facts: Facts, stance: Stance, role: RoleName): boolean {
  const revision = stance.revisions[role]
  if (revision === undefined || facts.selected(role) !== revision) return false
  return facts.endpoints(role, revision) >= podsNeeded(facts, stance, role)
}

function podsNeeded({ app }: Facts, stance: Stance, role: RoleName): number {
  const planned = podsOf(stance, stance.revisions[role] ?? '') ?? app.replicas
  return Math.min(planned, app.replicas)
}

/** What still holds up roles whose rules are not as the stance wants them. */
export function lateMatches(facts: Facts, stance: Stance, next: Matches): readonly Held[] {
  const { reading, app } = facts
  const current = reading.kind === 'read' ? reading.matches : {}
  const roles = new Set([...Object.keys(current), ...Object.keys(stance.matches)])
  return [...roles].flatMap((role): readonly Held[] => {
    const wanted = entry(stance.matches, role)
    if (isSame(entry(current, role), wanted)) return []
    if (isSame(entry(next, role), wanted)) {
      const message = `rules by match for ${role} ${wanted === undefined ? 'go' : 'come'}`
      return [{ role, waiting: waitingFor('ShiftingTraffic', message, reading.object) }]
    }
    const short = wanted === undefined ? stable : role
    const service = app.services[short]
    const message = `Service ${service} has ${facts.listedAll(short)} ready endpoints; the rules for ${role} wait for ${podsNeeded(facts, stance, short)}`
    return [{ role, waiting: waitingFor('WaitingForEndpoints', message, `Service ${service}`) }]
  })
}

function isSame(one: Rules, other: Rules): boolean {
  return (
    canonicalJson(one ?? []) === canonicalJson(other ?? []) &&
    (one === undefined) === (other === undefined)
  )
}
