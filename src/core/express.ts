/**
 * What a plan asks of its router or its workloads and they cannot do: told as mistakes of the plan, before anything is
 * created.
 */
import type { App, Candidate, Match } from './model/app.ts'
import type { Problem } from './refuse.ts'
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

/**
 * Workloads under fixed names by role: one Service selects one role alone, and a promotion fills the stable role with
 * other pods, so that nothing is left to go back to. Late, the judged pods stay where they are, and the old ones too.
 */
function byRoleProblems({ plan, workloads }: App, router: Router): readonly Problem[] {
  if (workloads.layout.by !== 'role') return []
  const { how, late, verify, scaleDownDelayMs } = plan.promotion
  const naming = 'spec.workloads.naming'
  if (how === 'roll') return [{ path: naming, message: rollsByRole }]
  if (router.capabilities.by === 'pods') {
    const message = `the router ${router.name} splits traffic by the pods behind one Service, which selects one role alone; write revision, or take another router`
    return [{ path: naming, message }]
  }
  if (plan.strategy !== 'blueGreen' || late) return []
  const verifies = `${madeRoom}, so that nothing could turn back after it; write prePromotion, or workloads by revision`
  const keeps = `${madeRoom}, so that they cannot stay as a way back; write 0s, or workloads by revision`
  return [
    ...(verify.length > 0 ? [{ path: `${path}.blueGreen.postPromotion`, message: verifies }] : []),
    ...(scaleDownDelayMs > 0 ? [{ path: `${path}.blueGreen.scaleDownDelay`, message: keeps }] : []),
  ]
}

const rollsByRole =
  'rolling exchanges pods behind one Service, and workloads by role have no second place for them; write revision'
const madeRoom =
  'with workloads by role the old pods make room in the stable role for those that were judged'
