/** A plan as the sentences of a confirmation: what happens until somebody's word or time is waited for again. */
import type { FieldChange } from '#core/forecast/difference.ts'
import { formatDuration } from '#core/time.ts'
import { isObstacle, type Plan, type PlanStep } from '#releases/plan/plan.ts'

const most = 12

/** Waits that belong to what is done; all others are where it stops for the time being. */
const onTheWay: readonly string[] = [
  'WaitingForPods',
  'WaitingForEndpoints',
  'WaitingForRevision',
  'ShiftingTraffic',
  'Settling',
  'Draining',
  'StepCompleted',
  'Promoting',
  'Retreating',
]

export function effectsOf({ steps, refused, end, verdict }: Plan): readonly string[] {
  // That it ends in Failed may be what was asked for, and is told as its end.
  const inTheWay = refused
    .filter(({ what }) => what !== end?.reason || isObstacle(what))
    .map(({ message }) => `in the way: ${message}`)
  if (verdict === 'unchanged') return ['nothing would change', ...inTheWay]
  const stop = steps.findIndex((step) => step.kind === 'wait' && !onTheWay.includes(step.reason))
  const near = stop < 0 ? steps : steps.slice(0, stop + 1)
  const told = near.flatMap(sentences)
  const last = stop < 0 && end !== undefined ? [`${end.phase}: ${end.message}`] : []
  const all = [...new Set([...told, ...last])]
  const shown =
    all.length <= most ? all : [...all.slice(0, most - 1), `and ${all.length - most + 1} more`]
  return [...shown, ...inTheWay]
}

function sentences(step: PlanStep): readonly string[] {
  switch (step.kind) {
    case 'transition':
      return [step.message]
    case 'wait': {
      if (onTheWay.includes(step.reason)) return []
      const long =
        step.durationMs === 'open'
          ? 'until somebody acts'
          : `for ${formatDuration(step.durationMs)}`
      return [`then it waits ${long}: ${step.message}`]
    }
    case 'write':
      return [written(step)]
  }
}

function written({ verb, object, changes }: PlanStep & { readonly kind: 'write' }): string {
  if (verb === 'create') return `${object} is created`
  if (verb === 'delete') return `${object} is deleted`
  const telling = together(changes.filter(isTelling))
  return telling.length === 0 ? `${object} is changed` : `${object}: ${telling.join(', ')}`
}

const plain = ['number', 'string']

/** Weights, counts and selectors; of templates nothing, since their values may be secret. */
function isTelling({ path, from, to }: FieldChange): boolean {
  if (path.includes('template') || path.includes('.env') || path.includes('annotations'))
    return false
  return plain.includes(typeof from) && plain.includes(typeof to)
}

/** `weight 20 → 60`, by the last part of the path; of several with the same one `weight 80/20 → 40/60`. */
function together(changes: readonly FieldChange[]): readonly string[] {
  const named = Map.groupBy(changes, ({ path }) => /([\w-]+)"?$/.exec(path)?.[1] ?? path)
  return [...named].map(([name, all]) => {
    const before = all.map(({ from }) => String(from)).join('/')
    return `${name} ${before} → ${all.map(({ to }) => String(to)).join('/')}`
  })
}
