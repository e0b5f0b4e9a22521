/**
 * An event as Superposition sends it, of today and as the document prints it. Bad shapes are problems with a code: 400
 * for what is no event at all, 422 for what is one and can never be acted upon.
 */
import { parseInstant } from '#core/time.ts'
import { isRecord } from './context.ts'

export const experimentEvents = [
  'ExperimentCreated',
  'ExperimentStarted',
  'ExperimentInprogress',
  'ExperimentUpdated',
  'ExperimentPaused',
  'ExperimentConcluded',
  'ExperimentDiscarded',
] as const
export type ExperimentEventName = (typeof experimentEvents)[number]

export const states = ['CREATED', 'INPROGRESS', 'PAUSED', 'CONCLUDED', 'DISCARDED'] as const
export type State = (typeof states)[number]

export type VariantType = 'CONTROL' | 'EXPERIMENTAL'
export type VariantSaid = { readonly id: string; readonly type: VariantType }

/** What every event says of its sender. */
export type Origin = {
  readonly organisation: string | undefined
  readonly workspace: string
  readonly configVersion: string | undefined
  /** Microseconds since the Unix epoch. */
  readonly time: number | undefined
}

/** What an event says of its experiment; undefined is what it does not say. */
export type ExperimentSaid = {
  readonly id: string | undefined
  readonly name: string | undefined
  readonly state: State
  readonly trafficPercentage: number | undefined
  readonly context: unknown
  readonly variants: readonly VariantSaid[]
  readonly chosenVariant: string | undefined
  readonly createdAt: string | undefined
  readonly started: boolean
  /** Microseconds since the Unix epoch. */
  readonly lastModified: number | undefined
}

export type SuperpositionEvent =
  | { readonly kind: 'ignored'; readonly event: string }
  | { readonly kind: 'config'; readonly origin: Origin }
  | {
      readonly kind: 'experiment'
      readonly event: ExperimentEventName
      readonly origin: Origin
      readonly said: ExperimentSaid
    }

export type Refusal = { readonly kind: 'refused'; readonly code: 400 | 422; readonly why: string }

export function refused(code: 400 | 422, why: string): Refusal {
  return { kind: 'refused', code, why }
}

const stateOf: Readonly<Record<ExperimentEventName, State>> = {
  ExperimentCreated: 'CREATED',
  ExperimentUpdated: 'CREATED',
  ExperimentStarted: 'INPROGRESS',
  ExperimentInprogress: 'INPROGRESS',
  ExperimentPaused: 'PAUSED',
  ExperimentConcluded: 'CONCLUDED',
  ExperimentDiscarded: 'DISCARDED',
}

/** Reads a body. */
export function readEvent(text: string): SuperpositionEvent | Refusal {
  const body = parsed(text)
  if (!isRecord(body)) return refused(400, 'the body is no JSON object; send an event as JSON')
  const info = body['event_info']
  if (!isRecord(info)) return refused(400, 'event_info is missing; send it beside payload')
  const event = info['webhook_event']
  if (typeof event !== 'string')
    return refused(400, 'event_info.webhook_event is missing; it names what happened')
  const isExperiment = (experimentEvents as readonly string[]).includes(event)
  if (!isExperiment && event !== 'ConfigChanged') return { kind: 'ignored', event }
  const origin = originOf(info)
  if ('kind' in origin) return origin
  if (!isExperiment) return { kind: 'config', origin }
  const { payload } = body
  if (!isRecord(payload)) return refused(400, 'payload is missing; it holds the experiment')
  const name = event as ExperimentEventName
  const said = experimentOf(payload, name)
  return 'kind' in said ? said : { kind: 'experiment', event: name, origin, said }
}

// Ids have more digits than a number holds: where one is written as a number, its digits count.
function parsed(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown, { source }: { source?: string } = {}) =>
      key === 'id' && typeof value === 'number' ? (source ?? String(value)) : value,
    )
  } catch {
    return undefined
  }
}

function originOf(info: Readonly<Record<string, unknown>>): Origin | Refusal {
  const workspace = text(info['workspace_id'])
  if (workspace === undefined)
    return refused(400, 'event_info.workspace_id is missing; it names the service')
  return {
    organisation: text(info['organisation_id']),
    workspace,
    configVersion: text(info['config_version']),
    time: microsOf(info['time']),
  }
}

function experimentOf(
  payload: Readonly<Record<string, unknown>>,
  event: ExperimentEventName,
): ExperimentSaid | Refusal {
  const variants = variantsOf(payload['variants'])
  if ('kind' in variants) return variants
  const traffic = percentageOf(payload['traffic_percentage'])
  if (typeof traffic === 'object') return traffic
  const status = states.find((state) => state === payload['status'])
  const said: ExperimentSaid = {
    id: text(payload['id']),
    name: text(payload['name']),
    // A payload is newer than the name of the event that brought it.
    state: status ?? stateOf[event],
    trafficPercentage: traffic,
    context: payload['context'],
    variants,
    chosenVariant: text(payload['chosen_variant']),
    createdAt: text(payload['created_at']),
    started: text(payload['started_at']) !== undefined || event === 'ExperimentStarted',
    lastModified: microsOf(payload['last_modified']),
  }
  return unusable(said, event) ?? said
}

function variantsOf(given: unknown): readonly VariantSaid[] | Refusal {
  if (given === undefined || given === null) return []
  if (!Array.isArray(given)) return refused(400, 'payload.variants is no list')
  const read: VariantSaid[] = []
  for (const [index, one] of given.entries()) {
    const at = `payload.variants[${index}]`
    const id = isRecord(one) ? text(one['id']) : undefined
    const type = isRecord(one) ? one['variant_type'] : undefined
    if (id === undefined) return refused(400, `${at}.id is missing`)
    if (type !== 'CONTROL' && type !== 'EXPERIMENTAL')
      return refused(422, `${at}.variant_type is neither CONTROL nor EXPERIMENTAL`)
    if (read.some((other) => other.id === id)) return refused(422, `${at}.id stands there twice`)
    read.push({ id, type })
  }
  return read.length > mostVariants
    ? refused(422, `payload.variants has more than ${mostVariants} entries`)
    : read
}

/** As many as one release takes. */
const mostVariants = 16

function percentageOf(given: unknown): number | undefined | Refusal {
  if (given === undefined || given === null) return undefined
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= 100)
    return given
  return refused(
    422,
    `payload.traffic_percentage is ${JSON.stringify(given)?.slice(0, 40)}; it has to be a whole number from 0 to 100`,
  )
}

function unusable(said: ExperimentSaid, event: ExperimentEventName): Refusal | undefined {
  const experimental = said.variants.filter(({ type }) => type === 'EXPERIMENTAL')
  const isRunning = said.state === 'INPROGRESS'
  if (said.id === undefined && said.variants.length === 0 && said.chosenVariant === undefined)
    return refused(422, 'the payload names neither an experiment (id) nor any of its variants')
  if (isRunning && said.variants.length > 0 && experimental.length === 0)
    return refused(
      422,
      'payload.variants has no EXPERIMENTAL variant, so that there is nothing to try',
    )
  if (event === 'ExperimentStarted' && said.variants.length === 0)
    return refused(422, 'payload.variants is missing; without variants there is nothing to start')
  if (isRunning && said.trafficPercentage === undefined)
    return refused(422, 'payload.traffic_percentage is missing')
  const share = said.trafficPercentage ?? 0
  if (isRunning && share * experimental.length > 100)
    return refused(
      422,
      `payload.traffic_percentage is the share of each variant; ${experimental.length} × ${share} is more than 100`,
    )
  return undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= longestText
    ? value
    : undefined
}

const longestText = 1024

/**
 * Microseconds of a time as the payload writes it (RFC 3339) or as event_info does (`2026-11-21 10:00:00.123456 UTC`);
 * undefined when it is neither.
 */
export function microsOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined
  const written = value
    .trim()
    .replace(/ ?UTC$/, 'Z')
    .replace(/ (?=[+-]\d\d:?\d\d$)/, '')
  const instant = parseInstant(written)
  if (instant === undefined) return undefined
  const fraction = /\.(\d+)/.exec(written)?.[1] ?? ''
  return instant * 1000 + Number(fraction.slice(3, 6).padEnd(3, '0'))
}
