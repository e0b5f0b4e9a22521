/** What an action would do now: the engine decides it over a model of the cluster, as `headgate plan` has it. */
import { look } from '#controller/look.ts'
import { readSafely } from '#controller/readings.ts'
import type { Lookup } from '#core/api/reference.ts'
import { forecast } from '#core/forecast/forecast.ts'
import { heldAnswers } from '#core/forecast/held-answers.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Action } from '#core/model/app.ts'
import type { Observed } from '#core/observed.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { TemplateChange } from '#releases/acts/change.ts'
import { type Entry, lookupFor } from '#releases/entry.ts'
import { RefusedError } from '#releases/errors.ts'
import { servedDoors } from '#releases/find.ts'
import { type Plan, planOf } from '#releases/plan/plan.ts'
import type { House } from '../http/house.ts'
import type { ActionPreview, ActionVerb, ReleaseId } from '../wire.ts'
import { askedAgain, entryAt, type Meant, meantBy } from './asked.ts'
import { effectsOf } from './effects.ts'
import { unproven } from './unproven.ts'

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
    effects: effectsOf(plan, {
      first: firstOf(entry, meant, now),
      passable: isPassable(entry, verb),
    }),
  }
}

/** A command is told by the engine; another template is asked for by the object that names it. */
function firstOf({ app, book }: Entry, meant: Meant, now: number): readonly string[] {
  if (meant.kind === 'template') return [askedAgain(meant)]
  return app === undefined ? [] : unproven({ app, notebook: book }, meant.action, now)
}

function isPassable({ resource, app }: Entry, verb: ActionVerb): boolean {
  const further = 'promote-full'
  if (verb === further || resource.actions?.takes.includes(further) !== true) return false
  return app?.actions === undefined || app.actions.takes.includes(further)
}

async function planOfCommand(
  cluster: Cluster,
  { app, resource: door, object }: Entry,
  action: Action,
  now: number,
): Promise<Plan> {
  if (app === undefined)
    throw new RefusedError('its object cannot be understood; mend it before acting on it')
  const doors = await servedDoors(cluster)
  const seen = await look({ cluster, doors, door, object, app })
  const asked = { kind: 'action' as const, text: action.id, action }
  return planFrom({ ...seen, app: { ...seen.app, action: asked } }, now)
}

/** From what stands there now, with what is asked for. @throws RefusedError where the engine says so. */
export function planFrom(start: Observed, now: number): Plan {
  // Good answers would promise what the metrics do not let happen now.
  const held = heldAnswers(start)
  const told =
    held === undefined ? forecast(start, now) : forecast(start, now, held, 'WaitingForMetrics')
  const refused = told.moments.find(
    (one) => one.kind === 'transition' && one.event.action === 'Refuse',
  )
  if (refused?.kind === 'transition') throw new RefusedError(refused.event.message)
  return planOf({ app: start.app, start, forecast: told, refused: [], assumed: [] })
}

/** The template is one that the server has taken before, so that it need not be asked whether it would. */
async function planOfTemplate(
  cluster: Cluster,
  { resource: door, object }: Entry,
  { now: { place, object: at }, next }: TemplateChange,
  now: number,
): Promise<Plan> {
  const changed = asChanged(at, place.path, next)
  const isOwn = at.metadata.uid === object.metadata.uid
  const asked = isOwn ? changed : object
  const known = await lookupFor(cluster, [[door, asked]])
  const { kind, metadata } = changed
  const lookup: Lookup = (ref) =>
    !isOwn && ref.kind === kind && ref.name === metadata.name ? changed : known(ref)
  const read = readSafely(door, asked, lookup)
  if (read.kind === 'problems')
    throw new RefusedError(
      read.problems.map(({ path, message }) => `${path}: ${message}`).join('; '),
    )
  const doors = await servedDoors(cluster)
  return planFrom(await look({ cluster, doors, door, object: asked, app: read.app }), now)
}

/** As the server would store it: a new state of the same object. */
function asChanged(object: KubeObject, path: readonly string[], value: unknown): KubeObject {
  const { generation = 0 } = object.metadata
  const metadata = { ...object.metadata, generation: generation + 1 }
  return { ...withValue(object, path, value), metadata }
}

function withValue<T extends object>(
  object: T,
  [key, ...rest]: readonly string[],
  value: unknown,
): T {
  if (key === undefined) return object
  const inner = (object as Readonly<Record<string, unknown>>)[key]
  const next = rest.length === 0 ? value : withValue((inner ?? {}) as object, rest, value)
  return { ...object, [key]: next }
}
