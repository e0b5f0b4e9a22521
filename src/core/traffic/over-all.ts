/** A router over several routing objects that bear the same weights: the one of the app, and those beside it. */
import { canonicalJson } from '../hash.ts'
import { sameWeights } from '../model/weights.ts'
import { slowest } from './follows.ts'
import type { Acceptance, RouteReading, Router, RouterApp } from './router.ts'

/** The app once for each of its routing objects; what is made beside a route is made beside the first alone. */
function each<T extends RouterApp>(app: T): readonly T[] {
  const others = app.traffic.also ?? []
  if (others.length === 0) return [app]
  return [app, ...others.map((route) => forRoute(app, route))]
}

/** The app as its router sees it for one of its routing objects. */
export function forRoute<T extends RouterApp>(app: T, route: string): T {
  const { also: _also, ...alone } = app.traffic
  if (route === app.traffic.route) return { ...app, traffic: alone }
  const { names: _names, extras, ...traffic } = alone
  const { redirect: _redirect, ...rest } = extras ?? {}
  const { promotion } = app.plan
  return {
    ...app,
    traffic: { ...traffic, route, ...(extras === undefined ? {} : { extras: rest }) },
    plan: { ...app.plan, promotion: { ...promotion, previewHost: undefined } },
  }
}

export function overAll(router: Router): Router {
  return {
    ...router,
    objects: (app) => each(app).flatMap(router.objects),
    beside: (app) => each(app).flatMap(router.beside),
    renders: (app, ref) => each(app).some((one) => router.renders(one, ref)),
    read: (app, objects, pods) => together(each(app).map((one) => router.read(one, objects, pods))),
    render: (app, objects, split) => each(app).flatMap((one) => router.render(one, objects, split)),
    placed: (app, object, split) =>
      router.placed(forRoute(app, object.metadata.name), object, split),
    companions: (app, objects) => each(app).flatMap((one) => router.companions(one, objects)),
    restore: (app, objects) => each(app).flatMap((one) => router.restore(one, objects)),
  }
}

type Read = Extract<RouteReading, { kind: 'read' }>

function together(readings: readonly RouteReading[]): RouteReading {
  const [first, ...others] = readings
  const broken = readings.find(({ kind }) => kind !== 'read')
  if (first?.kind !== 'read' || broken !== undefined) return (broken ?? first) as RouteReading
  const rest = others as readonly Read[]
  return {
    ...first,
    uniform: first.uniform && rest.every((other) => other.uniform && agree(first, other)),
    roles: first.roles.filter((role) => rest.every(({ roles }) => roles.includes(role))),
    acceptance: rest.reduce(
      (before, { acceptance }) => worse(before, acceptance),
      first.acceptance,
    ),
  }
}

function agree(one: Read, other: Read): boolean {
  return (
    sameWeights(one.weights, other.weights) &&
    canonicalJson(one.matches) === canonicalJson(other.matches)
  )
}

function worse(one: Acceptance, other: Acceptance): Acceptance {
  if (one.kind === 'accepted' && other.kind === 'accepted') {
    return { kind: 'accepted', token: `${one.token} ${other.token}`, ...slowest([one, other]) }
  }
  if (one.kind === 'refused' || other.kind === 'accepted') return one
  return other
}
