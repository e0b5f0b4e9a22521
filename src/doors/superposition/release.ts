/**
 * The Release of a service: what the plan says, in the engine's words. It keeps the templates that were resolved, and in
 * its annotations what was asked for them, so that a spec that somebody edits can be built again.
 */
import type { Release, ReleaseSpec } from '#core/api/release.ts'
import type { CommandedCandidate } from '#core/api/strategy/commanded.ts'
import { shortHash } from '#core/hash.ts'
import type { Labels } from '#core/k8s/meta.ts'
import type { PodTemplate } from '#core/k8s/workloads.ts'
import { type Instant, parseInstant } from '#core/time.ts'
import { isRecord } from './context.ts'
import { doorLabel, doorName, serviceLabel } from './names.ts'
import type { CandidateWanted, Source } from './plan.ts'
import type { Settings } from './settings.ts'

const annotationPrefix = 'superposition.headgate.dev/'
const sourcesAnnotation = `${annotationPrefix}sources`
const concludedAnnotation = `${annotationPrefix}concluded`
const writtenAnnotation = `${annotationPrefix}written`

/** What a variant runs, as it was resolved. */
export type Resolved = {
  readonly template: PodTemplate
  readonly replicas: number
}

/** The main objects of a service: the documented ones, or those of people that stand there already. */
export type MainObjects = { readonly service: string; readonly route: string }

export type Place = { readonly namespace: string; readonly service: string }

/** A release as we wrote it. */
export type Standing = {
  readonly release: Release
  readonly stable: {
    readonly source: Source
    readonly resolved: Resolved
    readonly revision: string
  }
  readonly candidates: Readonly<
    Record<string, { readonly source: Source; readonly resolved: Resolved }>
  >
  readonly main: MainObjects
  /** The newest conclusion that was carried out, in microseconds. */
  readonly concluded: number
  /** Somebody else changed its spec: nothing of it may be taken for ours. */
  readonly edited: boolean
}

export function isOurs({ metadata }: Pick<Release, 'metadata'>): boolean {
  return metadata.labels?.[doorLabel] === doorName
}

/** Reads back what we wrote; undefined when it cannot be told what the release was made of. */
export function standingOf(release: Release): Standing | undefined {
  const { metadata, spec } = release
  const sources = sourcesIn(metadata.annotations)
  const source = sources['stable']
  if (source === undefined) return undefined
  const commanded = spec.strategy?.commanded?.candidates ?? []
  const candidates = commanded.flatMap(({ name, template, replicas = 0 }) => {
    const own = sources[name]
    return own === undefined || template === undefined
      ? []
      : [[name, { source: own, resolved: { template, replicas } }] as const]
  })
  return {
    release,
    stable: {
      source,
      resolved: { template: spec.template, replicas: spec.replicas ?? 1 },
      revision: spec.revision ?? source.name,
    },
    candidates: Object.fromEntries(candidates),
    main: { service: spec.services.stable, route: spec.traffic.route ?? spec.services.stable },
    concluded: Number(metadata.annotations?.[concludedAnnotation] ?? 0) || 0,
    edited: metadata.annotations?.[writtenAnnotation] !== shortHash(spec),
  }
}

function sourcesIn(annotations: Labels = {}): Readonly<Record<string, Source>> {
  try {
    const parsed: unknown = JSON.parse(annotations[sourcesAnnotation] ?? '{}')
    return isRecord(parsed) ? (parsed as Record<string, Source>) : {}
  } catch {
    return {}
  }
}

/** The standing release with its promoted candidate as stable, once the engine says that it serves. */
export function turned(standing: Standing): Standing {
  const { release, candidates } = standing
  const { stable, trials = [] } = release.status ?? {}
  const promoted = release.spec.strategy.commanded?.candidates.find(
    ({ name, revision = name, promote }) =>
      promote === true &&
      isRevision(stable?.revision, revision) &&
      !trials.some(({ candidate }) => candidate === name),
  )
  const own = promoted === undefined ? undefined : candidates[promoted.name]
  if (promoted === undefined || own === undefined || stable === undefined) return standing
  return {
    ...standing,
    stable: { ...own, revision: stable.revision },
    concluded: Math.max(standing.concluded, promoted.version),
  }
}

/** Whether a revision is the named one; where the name was taken, the engine counts it up. */
export function isRevision(revision: string | undefined, name: string): boolean {
  if (revision === undefined || !revision.startsWith(name)) return false
  return /^(-\d+)?$/.test(revision.slice(name.length))
}

export type ReleaseWanted = {
  readonly place: Place
  readonly stable: Standing['stable']
  readonly candidates: readonly {
    readonly wanted: CandidateWanted
    readonly resolved: Resolved
  }[]
  readonly main: MainObjects
  readonly concluded: number
  /** Of the main Service, where it is to be made. */
  readonly port: number
  readonly now: Instant
}

/** The Release as it is to be written; `standing` gives the versions of commands that were given before. */
export function releaseOf(
  wanted: ReleaseWanted,
  settings: Settings,
  standing: Standing | undefined,
): Release {
  const { place, stable, candidates } = wanted
  const spec = specOf(wanted, settings, standing)
  const sources = Object.fromEntries([
    ['stable', stable.source],
    ...candidates.map(({ wanted: { role, source } }) => [role, source] as const),
  ])
  return {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Release',
    metadata: {
      name: place.service,
      namespace: place.namespace,
      labels: { [doorLabel]: doorName, [serviceLabel]: place.service },
      annotations: {
        [sourcesAnnotation]: JSON.stringify(sources),
        [concludedAnnotation]: String(wanted.concluded),
        [writtenAnnotation]: shortHash(spec),
      },
    },
    spec,
  }
}

// Whatever the API server would fill in stands here already, so that what is read back is what was written.
function specOf(
  wanted: ReleaseWanted,
  settings: Settings,
  standing: Standing | undefined,
): ReleaseSpec {
  const { place, stable, main, candidates } = wanted
  const { service } = place
  const app = `${service}-dep-{revision}`
  return {
    replicas: stable.resolved.replicas,
    selector: { matchLabels: { [serviceLabel]: service } },
    template: stable.resolved.template,
    revision: stable.revision,
    workloads: {
      kind: 'Deployment',
      naming: 'revision',
      prefix: `${service}-dep`,
      telling: { app },
      idle: 'keep',
      history: 0,
    },
    services: {
      stable: main.service,
      ...(candidates.length === 0
        ? {}
        : { candidates: named(candidates, (name) => `${service}-service-${name}`) }),
      make: {
        labels: { app: '{service}' },
        selector: { app },
        ports: [{ name: 'http', port: 80, targetPort: wanted.port, protocol: 'TCP' }],
      },
    },
    traffic: trafficOf(wanted, settings),
    strategy: {
      commanded: {
        candidates: candidates.map((one) => commandOf(one, standing, wanted.now)),
        scaleDownDelay: settings.grace,
      },
    },
    actions: { allow: ['pause', 'resume', 'abort'], instead: 'Superposition' },
    progressDeadline: settings.progressDeadline,
  }
}

type Candidates = ReleaseWanted['candidates']

function named(candidates: Candidates, name: (variant: string) => string): Record<string, string> {
  return Object.fromEntries(
    candidates.map(({ wanted: { role, source } }) => [role, name(source.name)] as const),
  )
}

function trafficOf(
  { place, main, candidates }: ReleaseWanted,
  { router, templates: { settle } }: Settings,
): ReleaseSpec['traffic'] {
  const names = named(candidates, (variant) => `${place.service}-ingress-${variant}`)
  return {
    router,
    route: main.route,
    ...(settle === undefined ? {} : { settle }),
    ...(router === 'nginx' && candidates.length > 0 ? { names } : {}),
  }
}

/** Nobody says a second time who has won: what could not become stable is tried again after so long. */
export const promoteAgainMs = 5 * 60_000

function hasFailedLongAgo(
  standing: Standing | undefined,
  { name, version }: CommandedCandidate,
  now: Instant,
): boolean {
  const failed = standing?.release.status?.failed ?? []
  return failed.some(
    ({ candidate, command, at }) =>
      candidate === name &&
      (command === undefined || command >= version) &&
      now - (parseInstant(at) ?? now) >= promoteAgainMs,
  )
}

function commandOf(
  { wanted, resolved }: Candidates[number],
  standing: Standing | undefined,
  now: Instant,
): CommandedCandidate {
  const { role, source, weight, promote, version } = wanted
  const known = standing?.release.spec.strategy.commanded?.candidates.find(
    ({ name }) => name === role,
  )
  const { replicas, template } = resolved
  const said = { weight, replicas, promote }
  const isSame =
    known !== undefined &&
    known.weight === weight &&
    known.replicas === replicas &&
    (known.promote ?? false) === promote
  const isAgain = known !== undefined && promote && hasFailedLongAgo(standing, known, now)
  const least = known === undefined ? 0 : known.version + (isSame && !isAgain ? 0 : 1)
  return {
    name: role,
    template,
    revision: source.name,
    version: Math.max(version, least),
    ...said,
  }
}
