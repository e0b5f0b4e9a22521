/** From a Release to the engine's model: an app, or the problems that keep it from being one. */

import { problemsOf } from '../express.ts'
import { kinds } from '../k8s/kinds.ts'
import { type App, type Plan, plainPromotion } from '../model/app.ts'
import { stable } from '../model/weights.ts'
import type { Problem } from '../refuse.ts'
import { writtenHash } from '../revision.ts'
import type { Obj } from '../schema/json.ts'
import type { Problem as SchemaProblem } from '../schema/problem.ts'
import type { Schema } from '../schema/schema.ts'
import { validateSchema } from '../schema/validate.ts'
import { routerNames } from '../traffic/register.ts'
import { readAction } from './action.ts'
import { readExtras } from './extras.ts'
import { identityOf } from './identity.ts'
import { Notes } from './notes.ts'
import { readAnalysis } from './read-analysis.ts'
import { type Lookup, type Source, sourceOf } from './reference.ts'
import type { Release } from './release.ts'
import { releaseSpecSchema } from './schema.ts'
import { candidateRoles, readPlan } from './strategy/register.ts'
import { readBounds, readWorkloads } from './workloads.ts'

export type ReadResult =
  | { readonly kind: 'app'; readonly app: App }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] }

/**
 * Reads a Release. The API server has checked it against the schema; what slipped past it, because the schema was
 * older or the check is beyond a schema, is found here and told.
 */
export function readRelease(release: Release, lookup: Lookup = () => undefined): ReadResult {
  const found = validateSchema(specSchema, release as unknown as Obj)
  const shape = found.filter(isShape)
  if (shape.length > 0) return { kind: 'problems', problems: shape.map(told) }
  const notes = new Notes()
  const source = sourceOf(release, lookup, notes)
  if (source === undefined) return { kind: 'problems', problems: notes.found }
  const app = appOf(withSource(release, source), source.reference, notes)
  const others = found.filter(({ field }) => !notes.found.some(({ path }) => path === field))
  const spelt = [...notes.found, ...others.map(told)]
  const problems = spelt.length > 0 ? spelt : problemsOf(app)
  return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'app', app }
}

/** The schema of what a Release asks for; what it says of itself in its status is our own business. */
const specSchema: Schema = {
  type: 'object',
  required: ['spec'],
  properties: { spec: withoutChoices(releaseSpecSchema) as Schema },
}

/** A choice that was not made is told in our own words, not as something that is missing. */
function withoutChoices(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutChoices)
  if (typeof schema !== 'object' || schema === null) return schema
  const kept = Object.entries(schema).filter(([key]) => !['oneOf', 'anyOf', 'not'].includes(key))
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutChoices(value)]))
}

// What has another shape than the schema says cannot be read any further.
const shapeReasons: readonly string[] = ['FieldValueRequired', 'FieldValueTypeInvalid']

function isShape({ reason }: SchemaProblem): boolean {
  return shapeReasons.includes(reason)
}

function told({ field, message }: SchemaProblem): Problem {
  return { path: field, message }
}

/** The release as if all that it takes from elsewhere were written in it. */
function withSource(release: Release, { template, selector, replicas }: Source): Release {
  const own = { template, selector: { matchLabels: selector }, replicas }
  return { ...release, spec: { ...release.spec, ...own } }
}

function appOf(release: Release, reference: App['reference'], notes: Notes): App {
  const { metadata, spec } = release
  checkRelations(release, notes)
  const bounds = readBounds(spec.workloads, notes)
  return {
    door: 'headgate',
    ...identityOf(release, kinds.release),
    template: spec.template,
    written: writtenHash(spec.template, spec.revision),
    ...(spec.revision === undefined ? {} : { revision: spec.revision }),
    replicas: spec.replicas ?? 1,
    selector: spec.selector.matchLabels,
    services: servicesOf(release, notes),
    traffic: trafficOf(release, notes),
    workloads: readWorkloads(spec.workloads, metadata.name, candidateRoles(spec).roles, notes),
    plan: {
      ...(readPlan(release, notes) ?? noPlan),
      split: spec.workloads?.split === true,
      ...(bounds === undefined ? {} : { bounds }),
    },
    analysis: analysisOf(release, notes),
    progressDeadlineMs: notes.duration('spec.progressDeadline', spec.progressDeadline, 600_000),
    ...(reference === undefined ? {} : { reference }),
    action: readAction(metadata.annotations),
    ...(spec.actions === undefined
      ? {}
      : {
          actions: { takes: spec.actions.allow, instead: spec.actions.instead ?? 'somebody else' },
        }),
    ...(spec.services.make === undefined ? {} : { made: { service: spec.services.make } }),
  }
}

function trafficOf({ spec: { traffic, services } }: Release, notes: Notes): App['traffic'] {
  const {
    router = 'gateway-api',
    route = services.stable,
    settle,
    drain,
    names,
    optional,
  } = traffic
  const extras = readExtras(traffic.extras, notes)
  return {
    router,
    route,
    settleMs: settle === undefined ? undefined : notes.duration('spec.traffic.settle', settle, 0),
    ...(drain === undefined ? {} : { drainMs: notes.duration('spec.traffic.drain', drain, 0) }),
    ...(names === undefined ? {} : { names }),
    ...(optional === undefined ? {} : { optional }),
    ...(extras === undefined ? {} : { extras }),
  }
}

// Stands in for a plan that could not be read, so that reading goes on to the next mistake.
const noPlan: Plan = { strategy: 'canary', candidates: [], promotion: plainPromotion }

/** The Service of each role: as written, else named after the release and the candidate. */
function servicesOf({ metadata, spec }: Release, notes: Notes): App['services'] {
  const { services } = spec
  const { roles, only } = candidateRoles(spec)
  const named = roles.map((role) => {
    const alone = role === only ? services.candidate : undefined
    return [role, services.candidates?.[role] ?? alone ?? `${metadata.name}-${role}`] as const
  })
  const all = [services.stable, ...named.map(([, service]) => service)]
  if (new Set(all).size < all.length) {
    const what =
      only !== undefined ? 'stable and candidate must be two' : 'stable and the candidates must be'
    notes.add('spec.services', `${what} different Services`)
  }
  return Object.fromEntries([[stable, services.stable], ...named])
}

/** A release's name is the value of a label, which is shorter than a name may be. */
const longestName = 63

function checkRelations({ metadata, spec }: Release, notes: Notes): void {
  if (metadata.name.length > longestName) {
    notes.add(
      'metadata.name',
      `has ${metadata.name.length} characters; at most ${longestName} fit into a label`,
    )
  }
  const own = spec.template.metadata?.labels ?? {}
  for (const [key, value] of Object.entries(spec.selector.matchLabels)) {
    if (own[key] !== value) {
      notes.add(
        'spec.template.metadata.labels',
        `must have ${key}: ${value}, which spec.selector asks for`,
      )
    }
  }
  const router = spec.traffic.router ?? 'gateway-api'
  const { naming, kind } = spec.workloads ?? {}
  const alone = router === 'none' || spec.traffic.optional === true
  const handsOver = spec.workloads?.promotion !== 'replace'
  const rolls = spec.strategy.rolling !== undefined
  if (alone && naming === 'role' && kind !== 'Deployment' && !handsOver && !rolls)
    notes.add(
      'spec.workloads.naming',
      'without a route nobody is sent to the candidate while the stable role is filled anew; write handover, or take Deployments',
    )
  if (spec.traffic.route === undefined && router !== 'service' && router !== 'none') {
    notes.add('spec.traffic.route', 'Required value: name the routing object')
  }
  if (!routerNames.includes(router)) {
    notes.add(
      'spec.traffic.router',
      `${JSON.stringify(router)} is unknown; write one of ${routerNames.join(', ')}`,
    )
  }
}

function analysisOf({ spec }: Release, notes: Notes): App['analysis'] {
  if (spec.analysis === undefined) return undefined
  if (spec.analysis.metrics.length === 0 && spec.strategy.experiment?.judge === undefined)
    notes.add('spec.analysis.metrics', 'is empty; only an experiment with a judge can do without')
  return readAnalysis(spec.analysis, notes)
}
