/**
 * ingress-nginx: people write the Ingress that sends to stable; beside it stands a canary Ingress of ours with the same
 * places, whose annotations say the candidate's weight and requests. Nothing reports that it was taken up: what is read
 * back is what counts, and the time that the controller needs to follow.
 */
import type { Write } from '../decision.ts'
import { shortHash } from '../hash.ts'
import { contained } from '../k8s/compare.ts'
import type { Ingress } from '../k8s/ingress.ts'
import type { KubeObject, Labels, ObjectRef } from '../k8s/meta.ts'
import type { Match } from '../model/app.ts'
import { type RoleName, stable, type Weights, weightOf } from '../model/weights.ts'
import { rewritten } from './difference.ts'
import { canaryAnnotations, canaryWords, cannotMatch } from './nginx-canary.ts'
import { headersName, inIngress, withExtras } from './nginx-extras.ts'
import {
  backendsOf,
  ingressAt,
  ingressVersion,
  isToStable,
  nameFor,
  ownIngress,
  splitSpec,
} from './nginx-ingress.ts'
import { annotated, isOwn, ownMeta, previewName, redirectName, refTo, withoutOwn } from './owned.ts'
import type { RouteObjects, RouteReading, Router, RouterApp, Split } from './router.ts'

export const nginx: Router = {
  name: 'nginx',
  capabilities: {
    by: 'weight',
    roles: 2,
    headerMatch: true,
    cookieMatch: true,
    previewHost: true,
    extras: [...inIngress, 'redirect'],
    cannotMatch,
  },
  objects: (app) => [refOf(app, app.traffic.route)],
  beside: (app) => [
    ...candidates(app).map((role) => refOf(app, nameFor(app, role))),
    refOf(app, previewName(app)),
    refOf(app, redirectName(app)),
    ...(app.traffic.extras?.responseHeaders === undefined ? [] : [headersRef(app)]),
  ],
  renders: (app, { kind, name }) =>
    kind === 'Ingress' && candidates(app).some((role) => nameFor(app, role) === name),
  read,
  render,
  placed: (app, object) => withExtras(app, object as Ingress),
  ports,
  companions,
  restore: (app, objects) => {
    const main = ingressAt(objects, app.traffic.route)
    const { extras: _none, ...traffic } = app.traffic
    const given = main === undefined ? [] : rewritten(main, withExtras({ ...app, traffic }, main))
    return [...given, ...withoutOwn(app, objects, nginx.beside(app))]
  },
}

/** Decision 13. */
const settleMs = 3000

function candidates({ services }: RouterApp): readonly RoleName[] {
  return Object.keys(services).filter((role) => role !== stable)
}

function refOf({ namespace }: RouterApp, name: string): ObjectRef {
  return { apiVersion: ingressVersion, kind: 'Ingress', namespace, name }
}

function headersRef(app: RouterApp): ObjectRef {
  return { ...refOf(app, headersName(app)), apiVersion: 'v1', kind: 'ConfigMap' }
}

function read(app: RouterApp, objects: RouteObjects): RouteReading {
  const object = `Ingress ${app.traffic.route}`
  const main = ingressAt(objects, app.traffic.route)
  if (main === undefined) return { kind: 'missing', object }
  const problem = unusable(app, objects, main)
  if (problem !== undefined) return { kind: 'unusable', object, problem }
  const canaries = candidates(app).flatMap((role) => {
    const found = ingressAt(objects, nameFor(app, role))
    return found === undefined ? [] : [{ role, found, ...canaryWords(found.metadata.annotations) }]
  })
  const given = canaries.map(({ role, weight }) => [role, weight] as const)
  const rest = given.reduce((left, [, weight]) => left - weight, 100)
  const idle = candidates(app).map((role) => [role, 0] as const)
  return {
    kind: 'read',
    object,
    weights: Object.fromEntries([[stable, rest], ...idle, ...given]),
    roles: [stable, ...canaries.map(({ role }) => role)],
    matches: Object.fromEntries(
      canaries.flatMap(({ role, matches }) => (matches.length === 0 ? [] : [[role, matches]])),
    ),
    uniform: canaries.every(({ role, found }) => contained(splitSpec(app, main, role), found.spec)),
    acceptance: {
      kind: 'accepted',
      token: tokenOf(
        main,
        canaries.map(({ found }) => found),
      ),
      settleMs,
    },
  }
}

/** What names this very state: its status may change, and annotations do not count as a generation. */
function tokenOf(main: Ingress, canaries: readonly Ingress[]): string {
  return shortHash(
    [main, ...canaries].map(({ metadata, spec }) => [metadata.uid, spec, metadata.annotations]),
  )
}

function unusable(app: RouterApp, objects: RouteObjects, main: Ingress): string | undefined {
  const { name, annotations } = main.metadata
  if (
    canaryWords(annotations).weight > 0 ||
    annotations?.['nginx.ingress.kubernetes.io/canary'] === 'true'
  )
    return `the Ingress ${name} is a canary itself; name the one that sends to ${app.services[stable]}`
  if (!backendsOf(main).some((backend) => isToStable(app, backend)))
    return `no path of the Ingress ${name} has a backend ${app.services[stable]}; add one for the traffic that is to be split`
  const named = backendsOf(main).find(
    (backend) => isToStable(app, backend) && backend.service?.port?.number === undefined,
  )
  if (named !== undefined)
    return `the Ingress ${name} gives the port of ${app.services[stable]} by name; write its number, which every Service of the release has`
  const theirs = candidates(app)
    .map((role) => ingressAt(objects, nameFor(app, role)))
    .find((found) => found !== undefined && !isOwn(app, found))
  if (theirs !== undefined)
    return `the Ingress ${theirs.metadata.name} was not made for this release; delete it, a canary Ingress of that name is made instead`
  return undefined
}

function render(app: RouterApp, objects: RouteObjects, split: Split): readonly Write[] {
  const main = ingressAt(objects, app.traffic.route)
  if (main === undefined || unusable(app, objects, main) !== undefined) return []
  const wanted = withExtras(app, main)
  return [
    ...rewritten(main, wanted),
    ...candidates(app).flatMap((role) => renderRole(app, objects, wanted, { role, split })),
  ]
}

function renderRole(
  app: RouterApp,
  objects: RouteObjects,
  main: Ingress,
  { role, split }: { readonly role: RoleName; readonly split: Split },
): readonly Write[] {
  const found = ingressAt(objects, nameFor(app, role))
  const { weights } = split
  const matches = split.matches[role] ?? []
  if (weights !== undefined && weights[role] === undefined)
    return found === undefined
      ? []
      : [{ kind: 'delete', ref: refTo(found), uid: found.metadata.uid ?? '' }]
  const wanted = canaryOf(app, main, { role, weight: weightFor(weights, found, role), matches })
  if (found === undefined) return weights === undefined ? [] : [{ kind: 'create', object: wanted }]
  return rewritten(found, repaired(found, wanted, weights === undefined))
}

function weightFor(
  weights: Weights | undefined,
  found: Ingress | undefined,
  role: RoleName,
): number {
  if (weights !== undefined) return weightOf(weights, role)
  return Math.floor(canaryWords(found?.metadata.annotations).weight)
}

function canaryOf(
  app: RouterApp,
  main: Ingress,
  given: { readonly role: RoleName; readonly weight: number; readonly matches: readonly Match[] },
): Ingress {
  const annotations = canaryAnnotations(given)
  const spec = splitSpec(app, main, given.role)
  return ownIngress(app, main, nameFor(app, given.role), { spec, annotations })
}

/** What stands there with our words in it. */
function repaired(found: Ingress, wanted: Ingress, keepWeight: boolean): Ingress {
  const words = canaryAnnotations(canaryWords(wanted.metadata.annotations))
  const kept = Object.entries(words).filter(
    ([name]) => !keepWeight || !name.includes('/canary-weight'),
  )
  const said = annotated(found, Object.fromEntries(kept))
  return contained(wanted.spec, found.spec) || wanted.spec === undefined
    ? said
    : { ...said, spec: wanted.spec }
}

function ports(app: RouterApp, objects: RouteObjects, service: string): readonly number[] {
  const main = ingressAt(objects, app.traffic.route)
  if (main === undefined || !Object.values(app.services).includes(service)) return []
  const found = backendsOf(main).flatMap((backend) =>
    isToStable(app, backend) ? (backend.service?.port?.number ?? []) : [],
  )
  return [...new Set(found)]
}

function companions(app: RouterApp, objects: RouteObjects): readonly KubeObject[] {
  const main = ingressAt(objects, app.traffic.route)
  if (main === undefined) return []
  const { previewHost } = app.plan.promotion
  const [role] = candidates(app)
  const { redirect, responseHeaders } = app.traffic.extras ?? {}
  return [
    ...(previewHost === undefined || role === undefined
      ? []
      : [previewIngress(app, main, role, previewHost)]),
    ...(redirect === undefined ? [] : [redirectIngress(app, main, redirect)]),
    ...(responseHeaders === undefined ? [] : [headersMap(app, responseHeaders)]),
  ]
}

function headersMap(app: RouterApp, data: Labels): KubeObject {
  const made = { apiVersion: 'v1', kind: 'ConfigMap', metadata: ownMeta(app, headersName(app)) }
  return { ...made, data } as KubeObject
}

function previewIngress(app: RouterApp, main: Ingress, role: RoleName, host: string): Ingress {
  const { rules = [], ingressClassName } = splitSpec(app, main, role)
  const spec = {
    ...(ingressClassName === undefined ? {} : { ingressClassName }),
    rules: rules.slice(0, 1).map((rule) => ({ ...rule, host })),
  }
  return ownIngress(app, main, previewName(app), { spec, annotations: {} })
}

/** A61: another host leads to this one for good. */
function redirectIngress(
  app: RouterApp,
  main: Ingress,
  { from, to }: { readonly from: string; readonly to: string },
): Ingress {
  const [backend] = backendsOf(main).filter((one) => isToStable(app, one))
  const paths = backend === undefined ? [] : [{ path: '/', pathType: 'Prefix', backend }]
  const { ingressClassName } = main.spec ?? {}
  const spec = {
    ...(ingressClassName === undefined ? {} : { ingressClassName }),
    rules: [{ host: from, http: { paths } }],
  }
  const target = `https://${to}$request_uri`
  const annotations = { 'nginx.ingress.kubernetes.io/permanent-redirect': target }
  return ownIngress(app, main, redirectName(app), { spec, annotations })
}
