/** A plan as text for people; and as JSON or YAML for programs. */
import { stringify } from 'yaml'
import type { FieldChange } from '#core/forecast/difference.ts'
import { formatDuration } from '#core/time.ts'
import { UsageError } from '#releases/errors.ts'
import type { Plan, PlanStep } from '#releases/plan/plan.ts'
import { type Colour, type Paint, unpainted } from '../show/terminal.ts'

const formats = ['text', 'json', 'yaml'] as const
export type Format = (typeof formats)[number]

export function formatOf(text: string): Format {
  const format = formats.find((known) => known === text)
  if (format === undefined)
    throw new UsageError(`--output ${text} is unknown; write one of ${formats.join(', ')}`)
  return format
}

export function shown(plans: readonly Plan[], format: Format, paint: Paint = unpainted): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify({ plans }, undefined, 2)}\n`
    case 'yaml':
      return stringify(JSON.parse(JSON.stringify({ plans })))
    case 'text':
      return plans.map((plan) => `${lines(plan, paint).join('\n')}\n`).join('\n')
  }
}

function lines(plan: Plan, paint: Paint): readonly string[] {
  return [
    `${plan.door} ${plan.namespace}/${plan.name}: ${paint(verdictColours[plan.verdict], summary(plan))}`,
    ...plan.assumed.map((sentence) => `  assumed: ${sentence}`),
    ...plan.leftOut.map((sentence) => `  left out: ${sentence}`),
    ...plan.refused.map(({ what, message }) => `  ${paint('red', 'refused:')} ${what}: ${message}`),
    ...plan.steps.flatMap((step) => stepLines(step, paint)),
    ...(plan.end === undefined || (plan.steps.length === 0 && plan.verdict !== 'planned')
      ? []
      : [`  ${at(plan.expectedMs)}${plan.end.phase}: ${plan.end.message}`]),
  ]
}

const verdictColours: Readonly<Record<Plan['verdict'], Colour>> = {
  planned: 'bold',
  unchanged: 'dim',
  refused: 'red',
}

const signs = {
  create: ['green', '+'],
  patch: ['yellow', '~'],
  delete: ['red', '-'],
} as const

function summary({ verdict, strategy, expectedMs, openWaits }: Plan): string {
  if (verdict === 'refused') return 'would be refused'
  if (verdict === 'unchanged') return 'nothing would change'
  const open =
    openWaits === 0
      ? ''
      : openWaits === 1
        ? ', and one wait for somebody'
        : `, and ${openWaits} waits for somebody`
  return `${strategy}, ${formatDuration(expectedMs)} besides the start of pods${open}`
}

function at(afterMs: number): string {
  return formatDuration(afterMs).padEnd(9)
}

function stepLines(step: PlanStep, paint: Paint): readonly string[] {
  const when = at(step.afterMs)
  switch (step.kind) {
    case 'transition':
      return [`  ${when}${step.action}: ${step.message}`]
    case 'wait': {
      const long =
        step.durationMs === 'open' ? 'until somebody acts' : formatDuration(step.durationMs)
      return [`  ${when}wait ${long}: ${step.reason}: ${step.message}`]
    }
    case 'write': {
      const [colour, sign] = signs[step.verb]
      const all = step.verb === 'delete' ? [] : step.changes.flatMap(leaves)
      // Of a new object, people want to read what it asks for; all of it is in the other formats.
      const changes = step.verb === 'create' ? all.filter(isContent) : all
      return [
        `  ${when}${paint(colour, sign)} ${step.object}`,
        ...changes.map((change) => `           ${told(change)}`),
      ]
    }
  }
}

function isContent({ path }: FieldChange): boolean {
  return !/^(apiVersion|kind|metadata)\b/.test(path)
}

/** An object that is new, field by field. */
function leaves({ path, from, to }: FieldChange): readonly FieldChange[] {
  const empty = typeof to !== 'object' || to === null || Object.keys(to).length === 0
  if (from !== undefined || empty) return [{ path, from, to }]
  const list = Array.isArray(to)
  return Object.entries(to).flatMap(([key, value]) => {
    const name = list
      ? `[${key}]`
      : `${path === '' ? '' : '.'}${/^[\w-]+$/.test(key) ? key : JSON.stringify(key)}`
    return leaves({ path: path + name, from, to: value })
  })
}

function told({ path, from, to }: FieldChange): string {
  if (from === undefined) return `${path}: ${JSON.stringify(to)}`
  if (to === undefined) return `${path}: ${JSON.stringify(from)} goes`
  return `${path}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`
}
