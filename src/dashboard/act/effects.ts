/** A plan as the sentences of a confirmation: what happens until somebody's word or time is waited for again. */
import type { FieldChange } from '#core/forecast/difference.ts'
import { formatDuration } from '#core/time.ts'
import { isObstacle, type Plan, type PlanStep } from '#releases/plan/plan.ts'

const most = 12
const nothing = 'nothing would change'

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

export type Told = {
  /** What is written by the action itself, before anything follows from it, and what should be known before it. */
  readonly first?: readonly string[]
  /** Whether somebody could go past its metrics by promoting it fully. */
  readonly passable?: boolean
}

export function effectsOf(
  plan: Plan,
  { first = [], passable = false }: Told = {},
): readonly string[] {
  const { steps, refused, end, verdict } = plan
  // That it ends in Failed may be what was asked for, and is told as its end.
  const inTheWay = refused
    .filter(({ what }) => what !== end?.reason || isObstacle(what))
    .map(({ message }) => `in the way: ${message}`)
  if (verdict === 'unchanged')
    return [...first, first.length === 0 ? nothing : 'nothing else would change', ...inTheWay]
  const stop = steps.findIndex((step) => step.kind === 'wait' && !onTheWay.includes(step.reason))
  const near = stop < 0 ? steps : steps.slice(0, stop + 1)
  const still = steps.length === 0 && verdict === 'planned' ? ['no pods and no traffic move'] : []
  const told = near.flatMap((step) => sentences(step, passable))
  const last = stop < 0 && end !== undefined ? [`${end.phase}: ${end.message}`] : []
  const all = [...new Set([...first, ...still, ...told, ...last])]
  const shown =
    all.length <= most ? all : [...all.slice(0, most - 1), `and ${all.length - most + 1} more`]
  return [...shown, ...inTheWay]
}

function sentences(step: PlanStep, passable: boolean): readonly string[] {
  switch (step.kind) {
    case 'transition':
      return [step.message]
    case 'wait':
      return onTheWay.includes(step.reason) ? [] : [waited(step, passable)]
    case 'write':
      return [written(step)]
  }
}

type Wait = PlanStep & { readonly kind: 'wait' }

function waited({ reason, message, durationMs }: Wait, passable: boolean): string {
  // Nobody knows how long: it is not the plan's good answers that are told here.
  if (reason === 'WaitingForMetrics') {
    const past = passable ? '; promote fully goes past them' : ''
    return `as long as its metrics hold it (${message}) it goes no further${past}`
  }
  if (durationMs !== 'open') return `then it waits for ${rounded(durationMs)}: ${message}`
  const who = message.includes('until somebody') ? '' : ' until somebody acts'
  return `then it waits${who}: ${message}`
}

/** What is longer than a second, in whole ones. */
function rounded(durationMs: number): string {
  return formatDuration(durationMs < 1000 ? durationMs : Math.round(durationMs / 1000) * 1000)
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
