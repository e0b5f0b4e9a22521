/**
 * Events become records of the cluster before anybody is told that they arrived. Whoever sends an event again, later,
 * or to another replica, finds the same record.
 */
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { isKube, KubeError } from '#kube/errors.ts'
import type { Clock } from '#kube/ports.ts'
import { readContext } from './context.ts'
import { type Refusal, refused, type SuperpositionEvent } from './event.ts'
import { type Experiment, type ExperimentSpec, experimentKind } from './experiment.ts'
import { entered, type Said } from './ledger.ts'
import { recordName, serviceLabel, serviceName, usualOrganisation } from './names.ts'
import { isOurs } from './release.ts'
import type { Settings } from './settings.ts'

export type Recorded =
  | { readonly kind: 'recorded' | 'unchanged'; readonly record: string; readonly why: string }
  | Refusal
  | { readonly kind: 'conflict'; readonly why: string }
  | { readonly kind: 'later'; readonly why: string }

export type StoreParts = {
  readonly cluster: Pick<Cluster, 'get' | 'list' | 'create' | 'replace' | 'patch' | 'remove'>
  readonly clock: Clock
  readonly settings: Settings
  readonly records: Pick<Cache<Experiment>, 'get' | 'values'>
  readonly releases: Pick<Cache<Release>, 'get' | 'values'>
  /** Only this namespace is looked at. */
  readonly only: string | undefined
}

type ExperimentEvent = Extract<SuperpositionEvent, { kind: 'experiment' }>

/** Where a record is, or is to be. */
type Spot = { readonly namespace: string; readonly name: string; readonly assumed: boolean }

/** Writes an event down. Never rejects. */
export async function record(parts: StoreParts, event: ExperimentEvent): Promise<Recorded> {
  try {
    return await written(parts, event)
  } catch (error) {
    return later(error)
  }
}

async function written(parts: StoreParts, event: ExperimentEvent): Promise<Recorded> {
  const { settings } = parts
  const { workspace } = event.origin
  if (settings.tenants !== undefined && !settings.tenants.includes(workspace))
    return refused(
      422,
      `the workspace ${workspace} is not among those that --superposition-tenants allows`,
    )
  if (event.said.state === 'INPROGRESS' && settings.url === undefined)
    return { kind: 'later', why: 'nobody said where Superposition is; set SUPERPOSITION_URL' }
  const spot = await spotOf(parts, event)
  const why = notAllowed(parts, spot.namespace)
  if (why !== undefined) return refused(422, why)
  const conflict = conflictAt(parts, spot.namespace, event)
  if (conflict !== undefined) return { kind: 'conflict', why: conflict }
  return settle(parts, event, spot)
}

/** Why the names of the service's objects belong to somebody else, if they do. */
function conflictAt(
  { releases, records }: StoreParts,
  namespace: string,
  { origin }: ExperimentEvent,
): string | undefined {
  const { workspace, organisation = usualOrganisation } = origin
  const service = serviceName(workspace)
  const rival = releases.get(`${namespace}/${service}`)
  if (rival !== undefined && !isOurs(rival))
    return `the Release ${service} in ${namespace} was not made for Superposition; rename or delete it`
  for (const { metadata, spec } of records.values()) {
    const isThere = metadata.namespace === namespace && spec.service === service
    if (isThere && spec.organisation !== organisation)
      return `the service ${service} in ${namespace} is that of the organisation ${spec.organisation}; give one of the two workspaces another name or namespace`
  }
  return undefined
}

function notAllowed({ settings, only }: StoreParts, namespace: string): string | undefined {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace))
    return `${JSON.stringify(namespace.slice(0, 80))}, which the context says, is no name of a namespace`
  if (only !== undefined && namespace !== only)
    return `the namespace ${namespace} is not looked at; this controller has ${only} only`
  if (settings.namespaces !== undefined && !settings.namespaces.includes(namespace))
    return `the namespace ${namespace} is not among those that --superposition-namespaces allows`
  return undefined
}

/** Where the event belongs: where its context says, where its experiment is known, or in the default namespace. */
async function spotOf(parts: StoreParts, { said, origin }: ExperimentEvent): Promise<Spot> {
  const { settings } = parts
  const organisation = origin.organisation ?? usualOrganisation
  const { workspace } = origin
  const { namespace } = readContext(said.context, settings.dimension)
  const nameFor = (experiment: string): string =>
    recordName({ organisation, workspace, experiment })
  if (said.id !== undefined && namespace !== undefined)
    return { namespace, name: nameFor(said.id), assumed: false }
  const isMeant = meant({ organisation, workspace }, said)
  const service = serviceName(workspace)
  const { items } = await parts.cluster.list<Experiment>(experimentKind, {
    labelSelector: `${serviceLabel}=${service}`,
    ...(parts.only === undefined ? {} : { namespace: parts.only }),
  })
  const known = items.filter(({ spec }) => isMeant(spec))
  const there = known.find(({ metadata }) => metadata.namespace === namespace) ?? known[0]
  const isElsewhere = namespace !== undefined && there?.metadata.namespace !== namespace
  if (there !== undefined && !isElsewhere) {
    const at = there.metadata.namespace ?? settings.namespace
    return {
      namespace: at,
      name: there.metadata.name,
      assumed: there.spec.namespaceAssumed === true,
    }
  }
  const [first] = said.variants.filter(({ type }) => type === 'EXPERIMENTAL')
  const stand = said.id ?? first?.id ?? said.chosenVariant ?? 'experiment'
  const isAssumed = namespace === undefined && said.context === undefined
  return { namespace: namespace ?? settings.namespace, name: nameFor(stand), assumed: isAssumed }
}

/** Whether a record is of the experiment that is spoken of: by its id, else by one of its variants. */
function meant(
  { organisation, workspace }: Pick<ExperimentSpec, 'organisation' | 'workspace'>,
  said: ExperimentEvent['said'],
): (spec: ExperimentSpec) => boolean {
  const ids = new Set(
    said.variants.filter(({ type }) => type === 'EXPERIMENTAL').map(({ id }) => id),
  )
  if (said.chosenVariant !== undefined) ids.add(said.chosenVariant)
  return (spec) => {
    if (spec.organisation !== organisation || spec.workspace !== workspace) return false
    if (said.id !== undefined) return spec.experiment === said.id
    return spec.variants.some(({ id }) => ids.has(id))
  }
}

/** Others write the same record: so many times it is read anew. */
const attempts = 8

async function settle(parts: StoreParts, event: ExperimentEvent, spot: Spot): Promise<Recorded> {
  const { settings, clock, records } = parts
  const { namespace, name } = spot
  const { dimensions } = readContext(event.said.context, settings.dimension)
  const hasContext = event.said.context !== undefined && event.said.context !== null
  const given: Said = {
    event: event.event,
    origin: event.origin,
    said: event.said,
    dimensions: hasContext ? { [settings.dimension]: namespace, ...dimensions } : undefined,
    namespaceAssumed: spot.assumed,
    receivedAt: clock.now(),
  }
  let known = records.get(`${namespace}/${name}`)
  for (let attempt = 1; ; attempt += 1) {
    const entry = entered(known?.spec, given)
    const record = `${namespace}/${name}`
    if (entry.kind === 'unchanged') return { kind: 'unchanged', record, why: entry.why }
    try {
      await put(parts, spot, known, entry.spec)
      await moveHere(parts, spot, entry.spec)
      return { kind: 'recorded', record, why: `${event.event} recorded` }
    } catch (error) {
      if (isWithoutNamespace(error) && settings.createNamespaces && attempt === 1) {
        await makeNamespace(parts, namespace)
        continue
      }
      const isRace =
        isKube(error, 'Conflict', 'AlreadyExists') || (known !== undefined && isGone(error))
      if (!isRace || attempt >= attempts) throw error
      known = await fresh(parts, spot)
    }
  }
}

function isWithoutNamespace(error: unknown): error is KubeError {
  return isKube(error, 'NotFound') && /namespaces? .*not found/.test(error.message)
}

async function makeNamespace({ cluster }: StoreParts, name: string): Promise<void> {
  const made = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
  await cluster.create(kinds.namespace, made).catch((error: unknown) => {
    if (!isKube(error, 'AlreadyExists')) throw error
  })
}

function isGone(error: unknown): boolean {
  return isKube(error, 'NotFound')
}

async function fresh(
  { cluster }: StoreParts,
  { namespace, name }: Spot,
): Promise<Experiment | undefined> {
  try {
    return await cluster.get<Experiment>(experimentKind, { namespace, name })
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

async function put(
  { cluster }: StoreParts,
  { namespace, name }: Spot,
  known: Experiment | undefined,
  spec: ExperimentSpec,
): Promise<void> {
  if (known !== undefined) {
    await cluster.replace<Experiment>(experimentKind, { ...known, spec })
    return
  }
  await cluster.create<Experiment>(experimentKind, {
    apiVersion: 'superposition.headgate.dev/v1alpha1',
    kind: 'Experiment',
    metadata: { namespace, name, labels: { [serviceLabel]: spec.service } },
    spec,
  })
}

/** Once the namespace is said, a record that was begun in the default one is no more. */
async function moveHere(parts: StoreParts, spot: Spot, spec: ExperimentSpec): Promise<void> {
  if (spot.assumed) return
  for (const { metadata, spec: other } of parts.records.values()) {
    const isSame = other.workspace === spec.workspace && metadata.name === spot.name
    if (!isSame || other.namespaceAssumed !== true || metadata.namespace === spot.namespace)
      continue
    const at = { namespace: metadata.namespace ?? '', name: metadata.name }
    await parts.cluster.remove(experimentKind, at).catch(() => undefined)
  }
}

function later(error: unknown): Recorded {
  const message = error instanceof Error ? error.message : String(error)
  if (isWithoutNamespace(error))
    return refused(422, `${message}; create it, or correct the context`)
  if (isKube(error, 'Forbidden') && /being terminated/.test(message)) return refused(422, message)
  if (isKube(error, 'Invalid', 'RequestEntityTooLarge') && error instanceof KubeError)
    return refused(422, `the record would not be valid: ${message}`)
  return { kind: 'later', why: `the event cannot be recorded now: ${message}` }
}
