/**
 * Istio: people write the VirtualService with a destination for each role, a Service or a subset of one host; we write
 * the weights, rules by match and extras, and nothing else. Its control plane need not report: what is read back counts,
 * and the time that proxies need to follow; where it does report, it is heard.
 */
import type { Write } from '../decision.ts'
import { shortHash } from '../hash.ts'
import type { VirtualService } from '../k8s/istio.ts'
import type { ObjectRef } from '../k8s/meta.ts'
import { stable, type Weights } from '../model/weights.ts'
import { rewritten } from './difference.ts'
import { istioFollows } from './follows.ts'
import { besideRefs, inRules, istioCompanions, withExtras } from './istio-extras.ts'
import { readMatches, withMatches } from './istio-matches.ts'
import {
  roleOf,
  rolesOf,
  sendsTo,
  splitRules,
  unusable,
  weighted,
  weightsOf,
} from './istio-rules.ts'
import { weightsLeft, withoutOwn } from './owned.ts'
import type { Acceptance, RouteObjects, RouteReading, Router, RouterApp, Split } from './router.ts'

export const istio: Router = {
  name: 'istio',
  capabilities: {
    by: 'weight',
    roles: 16,
    headerMatch: true,
    cookieMatch: true,
    previewHost: true,
    extras: [...inRules, 'redirect', 'sticky'],
  },
  objects: (app) => [refOf(app)],
  beside: (app) => besideRefs(app, versionOf(app)),
  renders: () => false,
  read,
  render,
  placed: (app, object, split) => withSplit(app, object as VirtualService, split),
  ports,
  companions: (app, objects) => {
    const virtual = virtualOf(app, objects)
    return virtual === undefined ? [] : istioCompanions(app, virtual)
  },
  restore: (app, objects) => {
    const { extras: _none, ...traffic } = app.traffic
    const weights = weightsLeft(app, read(app, objects))
    const given = render({ ...app, traffic }, objects, { weights, matches: {} })
    return [...given, ...withoutOwn(app, objects, istio.beside(app))]
  },
}

function versionOf({ traffic }: RouterApp): string {
  return traffic.apiVersion ?? 'networking.istio.io/v1'
}

function refOf(app: RouterApp): ObjectRef {
  const { namespace, traffic } = app
  return { apiVersion: versionOf(app), kind: 'VirtualService', namespace, name: traffic.route }
}

function virtualOf({ traffic }: RouterApp, objects: RouteObjects): VirtualService | undefined {
  return objects[`VirtualService/${traffic.route}`] as VirtualService | undefined
}

function read(app: RouterApp, objects: RouteObjects): RouteReading {
  const object = `VirtualService ${app.traffic.route}`
  const virtual = virtualOf(app, objects)
  if (virtual === undefined) return { kind: 'missing', object }
  const problem = unusable(app, virtual)
  if (problem !== undefined) return { kind: 'unusable', object, problem }
  const split = splitRules(app, virtual)
  const readings = split.map((rule) => weightsOf(app, rule))
  const weights = readings[0] as Weights
  const agreed = readings.every((other) =>
    rolesOf(app).every((role) => other[role] === weights[role]),
  )
  const { matches, intact } = readMatches(app, virtual)
  return {
    kind: 'read',
    object,
    weights,
    roles: rolesOf(app).filter((role) => split.every((rule) => sendsTo(app, rule, role))),
    matches,
    uniform: agreed && intact,
    acceptance: acceptanceOf(virtual),
  }
}

function acceptanceOf({ metadata, spec, status = {} }: VirtualService): Acceptance {
  const { validationMessages = [], conditions = [], observedGeneration } = status
  const stale = Number(observedGeneration ?? 0) < (metadata.generation ?? 0)
  const error = validationMessages.find(({ level }) => /^error$/i.test(level ?? ''))
  if (error !== undefined && (observedGeneration === undefined || !stale)) {
    const { code = '', name = '' } = error.type ?? {}
    return { kind: 'refused', message: `Istio reports ${[code, name].filter(Boolean).join(' ')}` }
  }
  const late = conditions.find(({ type, status: is }) => type === 'Reconciled' && is === 'False')
  if (late !== undefined)
    return { kind: 'waiting', message: `Istio reports Reconciled=False (${late.message})` }
  return { kind: 'accepted', token: shortHash([metadata.uid, spec]), ...istioFollows }
}

function render(app: RouterApp, objects: RouteObjects, split: Split): readonly Write[] {
  const virtual = virtualOf(app, objects)
  if (virtual === undefined || unusable(app, virtual) !== undefined) return []
  return rewritten(virtual, withSplit(app, virtual, split))
}

/** Extras before rules by match, which are copies of the rules that have them. */
function withSplit(
  app: RouterApp,
  virtual: VirtualService,
  { weights, matches }: Split,
): VirtualService {
  const split = splitRules(app, virtual)
  const http = (virtual.spec?.http ?? []).map((rule) =>
    weights !== undefined && split.includes(rule) ? weighted(app, rule, weights) : rule,
  )
  const moved = { ...virtual, spec: { ...virtual.spec, http } }
  return withMatches(app, withExtras(app, moved), matches)
}

/** The port that destinations name; without one Istio takes the only port of the Service, which is one of the pods'. */
function ports(app: RouterApp, objects: RouteObjects, service: string): readonly number[] {
  const virtual = virtualOf(app, objects)
  if (virtual === undefined || !Object.values(app.services).includes(service)) return []
  const to = (virtual.spec?.http ?? []).flatMap(({ route = [] }) => route)
  const own = to.filter((one) => roleOf(app, one) === stable)
  const named = own.flatMap(({ destination }) => destination.port?.number ?? [])
  const declared = app.template.spec.containers.flatMap((one) =>
    (one.ports ?? []).map(({ containerPort }) => containerPort),
  )
  return [...new Set(named.length > 0 ? named : declared.slice(0, 1))]
}
