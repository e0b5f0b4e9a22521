/**
 * What a plan asks of its router or its workloads and they cannot do: told as mistakes of the plan, before anything is
 * created.
 */
import type { App, Candidate, Match, Step } from './model/app.ts'
import type { Problem } from './refuse.ts'
import { positionAt } from './steps/step.ts'
import { routers } from './traffic/register.ts'
import type { Router } from './traffic/router.ts'

/** Nothing where the router can do all of it, or is unknown. */
export function problemsOf(app: App): readonly Problem[] {
  const router = routers[app.traffic.router]
  if (router === undefined) return []
  return [
    ...tooMany(app, router),
    ...app.plan.candidates.flatMap((candidate) => matchProblems(candidate, router)),
    ...previewProblems(app, router),
    ...byRoleProblems(app, router),
    ...comparisonProblems(app),
  ]
}

const path = 'spec.strategy'

function tooMany({ plan, services }: App, router: Router): readonly Problem[] {
  const { by, roles } = router.capabilities
  const count = plan.candidates.filter(({ role }) => services[role] !== undefined).length
  if (count < roles) return []
  const most = roles - 1
  const how =
    by === 'pods'
      ? `the router ${router.name} splits traffic by the number of pods, between stable and one candidate`
      : `the router ${router.name} splits traffic between stable and ${most === 1 ? 'one candidate' : `${most} candidates`}`
  return [{ path, message: `${how}; ${count} are too many: write fewer, or take another router` }]
}

function matchesOf({ steps }: Candidate): readonly (readonly Match[])[] {
  return steps.flatMap((step) => (step.kind === 'match' ? [step.matches] : []))
}

function matchProblems(candidate: Candidate, router: Router): readonly Problem[] {
  const { headerMatch, cookieMatch, cannotMatch } = router.capabilities
  const found = matchesOf(candidate).map((matches) => {
    if (matches.length === 0) return undefined
    if (!headerMatch && !cookieMatch)
      return `the router ${router.name} cannot tell requests apart; give ${candidate.role} a weight, or take another router`
    const cookie = matches.find(({ kind }) => kind === 'cookie')
    if (!cookieMatch && cookie !== undefined)
      return `the router ${router.name} cannot tell requests by the cookie ${cookie.name}; match a header instead`
    return cannotMatch?.(matches)
  })
  const messages = found.filter((message) => message !== undefined)
  return [...new Set(messages)].map((message) => ({
    path,
    message: `candidate ${candidate.role}: ${message}`,
  }))
}

function previewProblems({ plan }: App, router: Router): readonly Problem[] {
  const { previewHost } = plan.promotion
  if (previewHost === undefined || router.capabilities.previewHost) return []
  const message = `the router ${router.name} knows no hosts, so that ${previewHost} cannot lead to the preview; leave it out and ask the Service of the candidate, or take another router`
  return [{ path: `${path}.blueGreen.previewHost`, message }]
}

/** A comparison is made while both have traffic; asked for when stable has none, it would never be made. */
function comparisonProblems({ plan, analysis }: App): readonly Problem[] {
  const compared = (analysis?.metrics ?? [])
    .filter(({ compare, onNoData }) => compare !== undefined && onNoData !== 'continue')
    .map(({ name }) => name)
  const late = compared.find((name) => plan.promotion.verify.includes(name))
  const found = [
    ...(late === undefined ? [] : [`after the promotion ${late} ${aloneThen}`]),
    ...plan.candidates.flatMap(({ steps }) => alone(steps, compared) ?? []),
  ]
  return [...new Set(found)].map((message) => ({ path, message }))
}

const aloneThen =
  'has nobody to compare with: stable has no traffic then; write onNoData: continue, or another metric'

function alone(steps: readonly Step[], compared: readonly string[]): string | undefined {
  const [first] = compared
  if (first === undefined) return undefined
  const positions = steps.map((_, index) => positionAt(steps, index))
  const full = positions.findIndex(({ weight }) => weight === 100)
  if (full < 0) return undefined
  const before = positions
    .slice(0, full)
    .some(({ weight, matches }) => weight > 0 || matches.length > 0)
  if (!before)
    return `${first} is compared with stable, which never has traffic beside the candidate; put a step with a weight below 100 before that of 100`
  for (const [index, step] of steps.entries()) {
    if (step.kind !== 'analysis' || positions[index]?.weight !== 100) continue
    const name = step.metrics.find((one) => compared.includes(one))
    if (name !== undefined)
      return `step ${index + 1} asks for ${name} at weight 100, where it ${aloneThen}`
  }
  return undefined
}

/**
 * Workloads under fixed names by role: one Service selects one role alone, and a promotion fills the stable role with
 * other pods, so that nothing is left to go back to. Late, the judged pods stay where they are, and the old ones too.
 */
function byRoleProblems({ plan, workloads }: App, router: Router): readonly Problem[] {
  if (workloads.layout.by !== 'role') return []
  const { how, late, verify, gates = [], scaleDownDelayMs } = plan.promotion
  const naming = 'spec.workloads.naming'
  if (how === 'roll') return [{ path: naming, message: rollsByRole }]
  if (router.capabilities.by === 'pods') {
    const message = `the router ${router.name} splits traffic by the pods behind one Service, which selects one role alone; write revision, or take another router`
    return [{ path: naming, message }]
  }
  if (late) return []
  const verifies = `${madeRoom}, so that nothing could turn back after it; write prePromotion, or workloads by revision`
  const keeps = `${madeRoom}, so that they cannot stay as a way back; write 0s, or workloads by revision`
  return [
    ...(verify.length + gates.length > 0
      ? [{ path: `${path}.${plan.strategy}.postPromotion`, message: verifies }]
      : []),
    ...(scaleDownDelayMs > 0
      ? [{ path: `${path}.${plan.strategy}.scaleDownDelay`, message: keeps }]
      : []),
  ]
}

const rollsByRole =
  'rolling exchanges pods behind one Service, and workloads by role have no second place for them; write revision'
const madeRoom =
  'with workloads by role the old pods make room in the stable role for those that were judged'
