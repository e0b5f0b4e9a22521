/** From a manifest to its plan: against a cluster, which is asked without effect, or without one. */
import { look } from '#controller/look.ts'
import { readSafely } from '#controller/readings.ts'
import type { Lookup } from '#core/api/reference.ts'
import {
  assumedDeployment,
  assumedImage,
  assumedNextImage,
  assumedRoute,
  emptyObserved,
  installedBefore,
} from '#core/forecast/assumed.ts'
import { type Forecast, forecast } from '#core/forecast/forecast.ts'
import { kindOf } from '#core/k8s/kinds.ts'
import type { KubeObject, ObjectRef } from '#core/k8s/meta.ts'
import type { App } from '#core/model/app.ts'
import type { Observed } from '#core/observed.ts'
import type { Problem } from '#core/refuse.ts'
import { formatDuration } from '#core/time.ts'
import { isOfUnknownGateway, settleUnknownMs } from '#core/traffic/gateway-acceptance.ts'
import { routers } from '#core/traffic/register.ts'
import type { Door } from '#doors/door.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube, KubeError } from '#kube/errors.ts'
import { type Plan, planOf, type Refused, refusedPlan } from './plan.ts'

type Asked = { readonly door: Door; readonly object: KubeObject; readonly now: number }

function namedBy({ door, object }: Asked): Pick<Plan, 'door' | 'namespace' | 'name'> {
  const { namespace = 'default', name } = object.metadata
  return { door: door.name, namespace, name }
}

function problemsOf(asked: Asked, lookup: Lookup): readonly Refused[] {
  const read = readSafely(asked.door, asked.object, lookup)
  return read.kind === 'app' ? [] : read.problems.map(refusedBy)
}

function refusedBy({ path, message }: Problem): Refused {
  return { what: path, message }
}

/** Objects that the manifest brings along. */
function among(others: readonly KubeObject[]): Lookup {
  return ({ kind, name }) => others.find((one) => one.kind === kind && one.metadata.name === name)
}

/** What a release names, as the manifest brings it, else as the cluster has it. */
async function lookedUp(
  cluster: Cluster,
  { door, object, others }: Asked & { readonly others: readonly KubeObject[] },
): Promise<Lookup> {
  const brought = among(others)
  const missing = (door.related?.(object) ?? []).filter((ref) => brought(ref) === undefined)
  const found = await Promise.all(missing.map((ref) => existing(cluster, ref)))
  const inCluster = among(found.filter((one) => one !== undefined))
  return (ref) => brought(ref) ?? inCluster(ref)
}

async function existing(cluster: Cluster, ref: ObjectRef): Promise<KubeObject | undefined> {
  const { kind, name, namespace = 'default' } = ref
  try {
    return await cluster.get(kindOf(kind), { namespace, name })
  } catch (error) {
    if (isKube(error, 'NotFound')) return undefined
    throw error
  }
}

type Offline = Asked & { readonly others: readonly KubeObject[]; readonly first: boolean }

type Begun =
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] }
  | {
      readonly kind: 'begun'
      readonly app: App
      readonly start: Observed
      readonly assumed: readonly string[]
      /** Deployments that it names and that nobody could look at. */
      readonly lacking: readonly ObjectRef[]
    }

/** Without a cluster: as the next revision of a release that is installed, or with `first` as the first one. */
export function planOffline(asked: Offline): Plan {
  const begun = startOffline(asked)
  if (begun.kind === 'problems') return refusedPlan(namedBy(asked), begun.problems.map(refusedBy))
  const { app, start, assumed } = begun
  return planOf({ app, start, forecast: forecast(start, asked.now), refused: [], assumed })
}

/** Where such a plan begins. */
export function startOffline(asked: Offline): Begun {
  const { others, now, first } = asked
  const object = withIdentity(asked.object, now)
  const { read, lacking } = readAlone({ ...asked, object })
  if (read.kind === 'problems') return read
  const { app } = read
  const assumed = lacking.map(
    ({ kind, name }) => `${kind} ${name} exists; its image is shown as ${assumedNextImage}`,
  )
  const given = wantedOf(app, others)
  const route = given.length > 0 ? undefined : assumedRoute(app)
  if (route !== undefined)
    assumed.push(
      `${route.kind} ${route.metadata.name} exists and sends its traffic to ${app.services['stable']}`,
    )
  if (
    app.traffic.settleMs === undefined &&
    [...given, ...(route === undefined ? [] : [route])].some(isOfUnknownGateway)
  )
    assumed.push(
      `which gateway it is is not known: it is given ${formatDuration(settleUnknownMs)} to follow its own word; spec.traffic.settle says how long it needs`,
    )
  if (!first) assumed.push(`another revision is installed; its image is shown as ${assumedImage}`)
  if ((app.plan.experiment?.judges ?? []).length > 0)
    assumed.push('each candidate is clearly better than stable, as soon as that can be told')
  const empty = emptyObserved(app, route === undefined ? given : [route])
  const start = first ? empty : installedBefore(empty, now)
  return { kind: 'begun', app, start, assumed, lacking }
}

type ReadAlone = {
  readonly read: ReturnType<typeof readSafely>
  readonly lacking: readonly ObjectRef[]
}

/** Where it cannot be read without Deployments that nobody brought along, they are assumed. */
function readAlone({ door, object, others }: Offline): ReadAlone {
  const read = readSafely(door, object, among(others))
  const brought = among(others)
  const lacking = (door.related?.(object) ?? []).filter(
    (ref) => ref.kind === 'Deployment' && brought(ref) === undefined,
  )
  if (read.kind === 'app' || lacking.length === 0) return { read, lacking: [] }
  const assumed = among([...others, ...lacking.map(assumedDeployment)])
  return { read: readSafely(door, object, assumed), lacking }
}

function withIdentity(object: KubeObject, now: number): KubeObject {
  const { metadata } = object
  const creationTimestamp = new Date(now).toISOString()
  return { ...object, metadata: { uid: 'planned', generation: 1, creationTimestamp, ...metadata } }
}

/** @throws KubeError when the cluster cannot be asked. */
export async function planOnline(
  asked: Asked & {
    readonly cluster: Cluster
    readonly doors: readonly Door[]
    readonly others: readonly KubeObject[]
  },
): Promise<Plan> {
  const { door, doors, cluster, now } = asked
  const lookup = await lookedUp(cluster, asked)
  const { served, refused } = await dryRun(cluster, door, asked.object)
  if (served === undefined) {
    const problems = problemsOf(asked, lookup)
    return refusedPlan(namedBy(asked), problems.length > 0 ? problems : refused)
  }
  const read = readSafely(door, served, lookup)
  if (read.kind === 'problems')
    return refusedPlan(namedBy(asked), problemsOf({ ...asked, object: served }, lookup))
  const { app } = read
  const looked = await look({ cluster, doors, door, object: served, app })
  const { start, assumed } = withGiven(looked, asked.others)
  const seen = forecast(start, now)
  const also = await refusedCreations(cluster, seen)
  return planOf({ app, start, forecast: seen, refused: also, assumed })
}

/** Routes that stand beside the release in its manifests and are not there yet: both are going to be applied. */
function withGiven(
  looked: Observed,
  others: readonly KubeObject[],
): { readonly start: Observed; readonly assumed: readonly string[] } {
  const lacking = wantedOf(looked.app, others).filter(
    ({ kind, metadata }) => looked.routes[`${kind}/${metadata.name}`] === undefined,
  )
  const given = lacking.map((object) => [`${object.kind}/${object.metadata.name}`, object] as const)
  return {
    start: { ...looked, routes: { ...looked.routes, ...Object.fromEntries(given) } },
    assumed: lacking.map(({ kind, metadata }) => `${kind} ${metadata.name} is applied too`),
  }
}

function wantedOf(app: App, others: readonly KubeObject[]): readonly KubeObject[] {
  const wanted = routers[app.traffic.router]?.objects(app) ?? []
  return others.filter(({ kind, metadata }) =>
    wanted.some((ref) => ref.kind === kind && ref.name === metadata.name),
  )
}

type Served = { readonly served: KubeObject | undefined; readonly refused: readonly Refused[] }

/** What the server would make of the object: defaults, admission, and the identity and status it has already. */
async function dryRun(cluster: Cluster, { kind }: Door, object: KubeObject): Promise<Served> {
  const { namespace = 'default', name } = object.metadata
  const existing = await cluster.get<KubeObject>(kind, { namespace, name }).catch(orMissing)
  const metadata = { ...object.metadata, namespace }
  try {
    if (existing === undefined) {
      const served = await cluster.create(kind, { ...object, metadata }, { dryRun: true })
      return { served, refused: [] }
    }
    const next = { ...existing, ...object, metadata: merged(existing, object) }
    return { served: await cluster.replace(kind, next, { dryRun: true }), refused: [] }
  } catch (error) {
    if (!isRefusal(error)) throw error
    return {
      served: undefined,
      refused: [{ what: `${kind.kind} ${name}`, message: error.message }],
    }
  }
}

function merged(existing: KubeObject, { metadata }: KubeObject): KubeObject['metadata'] {
  const before = existing.metadata
  return {
    ...before,
    labels: { ...before.labels, ...metadata.labels },
    annotations: { ...before.annotations, ...metadata.annotations },
  }
}

function orMissing(error: unknown): undefined {
  if (isKube(error, 'NotFound')) return undefined
  throw error
}

function isRefusal(error: unknown): error is KubeError {
  return error instanceof KubeError && [400, 403, 409, 422].includes(error.code)
}

/** So many objects at most are shown to the server. */
const mostCreations = 16

async function refusedCreations(
  cluster: Cluster,
  { moments }: Forecast,
): Promise<readonly Refused[]> {
  const objects = moments.flatMap((moment) =>
    moment.kind === 'write' && moment.write.verb === 'create' ? [moment.write.changes[0]?.to] : [],
  ) as readonly KubeObject[]
  const told = objects.slice(0, mostCreations).map(async (object): Promise<readonly Refused[]> => {
    try {
      await cluster.create(kindOf(object.kind, object.apiVersion), object, { dryRun: true })
      return []
    } catch (error) {
      // What another pass made meanwhile is there.
      if (error instanceof KubeError && error.reason === 'AlreadyExists') return []
      if (!isRefusal(error)) throw error
      return [{ what: `${object.kind} ${object.metadata.name}`, message: error.message }]
    }
  })
  return (await Promise.all(told)).flat()
}
