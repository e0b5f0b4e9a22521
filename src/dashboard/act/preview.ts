/** What an action would do now: the engine decides it over a model of the cluster, as `headgate plan` has it. */
import { look } from '#controller/look.ts'
import { forecast } from '#core/forecast/forecast.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Action } from '#core/model/app.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { TemplateChange } from '#releases/acts/change.ts'
import type { Entry } from '#releases/entry.ts'
import { RefusedError } from '#releases/errors.ts'
import { servedDoors } from '#releases/find.ts'
import { planOnline } from '#releases/plan/make.ts'
import { type Plan, planOf } from '#releases/plan/plan.ts'
import type { House } from '../http/house.ts'
import type { ActionPreview, ActionVerb, ReleaseId } from '../wire.ts'
import { entryAt, meantBy } from './asked.ts'
import { effectsOf } from './effects.ts'

/** @throws RefusedError where the engine would refuse it. */
export async function previewOf(
  { cluster, clock }: Pick<House, 'cluster' | 'clock'>,
  id: ReleaseId,
  verb: ActionVerb,
  candidate: string | undefined,
): Promise<ActionPreview> {
  const entry = await entryAt(cluster, id)
  const meant = await meantBy(cluster, entry, { verb, candidate, id: 'preview', by: 'you' })
  const now = clock.now()
  const plan =
    meant.kind === 'command'
      ? await planOfCommand(cluster, entry, meant.action, now)
      : await planOfTemplate(cluster, entry, meant.change, now)
  const { revision, step } = meant
  return {
    verb,
    revision,
    ...(step === undefined ? {} : { step }),
    effects: effectsOf(plan),
  }
}

async function planOfCommand(
  cluster: Cluster,
  entry: Entry,
  action: Action,
  now: number,
): Promise<Plan> {
  const { app, resource: door, object } = entry
  if (app === undefined)
    throw new RefusedError('its object cannot be understood; mend it before acting on it')
  const doors = await servedDoors(cluster)
  const seen = await look({ cluster, doors, door, object, app })
  const asked = { kind: 'action' as const, text: action.id, action }
  const start = { ...seen, app: { ...seen.app, action: asked } }
  const told = forecast(start, now)
  const refused = told.moments.find(
    (one) => one.kind === 'transition' && one.event.action === 'Refuse',
  )
  if (refused?.kind === 'transition') throw new RefusedError(refused.event.message)
  return planOf({ app: start.app, start, forecast: told, refused: [], assumed: [] })
}

async function planOfTemplate(
  cluster: Cluster,
  { resource: door, object }: Entry,
  { now: { place, object: at }, next }: TemplateChange,
  now: number,
): Promise<Plan> {
  const changed = withValue(at, place.path, next) as KubeObject
  const isOwn = at.metadata.uid === object.metadata.uid
  return planOnline({
    cluster,
    door,
    object: isOwn ? changed : object,
    others: isOwn ? [] : [changed],
    doors: await servedDoors(cluster),
    now,
  })
}

function withValue(object: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value
  const record = (object ?? {}) as Readonly<Record<string, unknown>>
  return { ...record, [key]: withValue(record[key], rest, value) }
}
