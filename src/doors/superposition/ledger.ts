/**
 * What an event changes in the record of its experiment. Events arrive more than once and out of order: what is as old
 * as the record or older changes nothing, and an experiment that has ended stays so. What the record holds therefore
 * follows from the events that were sent, not from the order in which they came.
 */
import { canonicalJson } from '#core/hash.ts'
import { formatInstant } from '#core/time.ts'
import type { Dimensions } from './context.ts'
import { type ExperimentSaid, microsOf, type Origin, type State } from './event.ts'
import type { ExperimentSpec, Variant } from './experiment.ts'
import { serviceName, usualOrganisation, variantName } from './names.ts'

/** An event that was understood, with what its context says. */
export type Said = {
  readonly event: string
  readonly origin: Origin
  readonly said: ExperimentSaid
  /** Undefined where the event brings no context at all. */
  readonly dimensions: Dimensions | undefined
  readonly namespaceAssumed: boolean
  /** Wall clock, milliseconds. */
  readonly receivedAt: number
}

export type Entry =
  | { readonly kind: 'changed'; readonly spec: ExperimentSpec }
  | { readonly kind: 'unchanged'; readonly why: string }

export function isOver(state: State): boolean {
  return state === 'CONCLUDED' || state === 'DISCARDED'
}

/** Takes an event into a record, or begins one. */
export function entered(known: ExperimentSpec | undefined, given: Said): Entry {
  if (known === undefined) return { kind: 'changed', spec: begun(given) }
  const earlier = takesUp(known, given)
  const why = outdated(known, given)
  if (why !== undefined)
    return earlier === undefined ? { kind: 'unchanged', why } : { kind: 'changed', spec: earlier }
  return { kind: 'changed', spec: continued(known, given) }
}

/** A late event still tells that the experiment was under way, and of an end that was heard otherwise its version. */
function takesUp(known: ExperimentSpec, { said, origin }: Said): ExperimentSpec | undefined {
  const isNews = said.started && !known.started
  const isSame = said.lastModified === microsOf(known.lastModified)
  const version = isSame && known.configVersion === undefined ? origin.configVersion : undefined
  if (!isNews && version === undefined) return undefined
  return {
    ...known,
    started: known.started || said.started,
    ...(version === undefined ? {} : { configVersion: version }),
  }
}

function outdated(known: ExperimentSpec, given: Said): string | undefined {
  if (isOver(known.state)) return `the experiment is ${known.state} already`
  const version = versionSaid(given.said)
  const last = microsOf(known.lastModified) ?? 0
  if (version === undefined) return sameAsKnown(known, given)
  if (version < last) return 'a newer event was recorded already'
  // Two changes within one microsecond: an end is an end, otherwise the first one counts.
  if (version === last && !isOver(given.said.state)) return 'it was recorded already'
  return undefined
}

/** Senders that number nothing repeat themselves word by word. */
function sameAsKnown(known: ExperimentSpec, given: Said): string | undefined {
  const plain = ({ event: _event, lastModified: _at, ...spec }: ExperimentSpec): string =>
    canonicalJson(spec)
  return plain(known) === plain(continued(known, given)) ? 'it was recorded already' : undefined
}

function versionSaid({ lastModified }: ExperimentSaid): number | undefined {
  return lastModified
}

function begun(given: Said): ExperimentSpec {
  const { origin, said } = given
  const service = serviceName(origin.workspace)
  return {
    organisation: origin.organisation ?? usualOrganisation,
    workspace: origin.workspace,
    service,
    ...(said.id === undefined ? {} : { experiment: said.id }),
    ...(said.name === undefined ? {} : { name: said.name }),
    context: given.dimensions ?? {},
    ...(given.namespaceAssumed ? { namespaceAssumed: true } : {}),
    state: said.state,
    trafficPercentage: said.trafficPercentage ?? 0,
    variants: namedVariants(service, said),
    ...(said.chosenVariant === undefined ? {} : { chosenVariant: said.chosenVariant }),
    started: said.started || said.state === 'INPROGRESS' || said.state === 'PAUSED',
    ...(origin.configVersion === undefined ? {} : { configVersion: origin.configVersion }),
    ...(said.createdAt === undefined ? {} : { createdAt: said.createdAt }),
    lastModified: lastModifiedOf(undefined, given),
    event: eventOf(given),
  }
}

function continued(known: ExperimentSpec, given: Said): ExperimentSpec {
  const next = begun(given)
  const variants = next.variants.length === 0 ? known.variants : next.variants
  const isSaid = given.dimensions !== undefined && !given.namespaceAssumed
  const { namespaceAssumed: _assumed, ...rest } = { ...withoutOldVersion(known, next), ...next }
  return {
    ...rest,
    context: given.dimensions === undefined ? known.context : next.context,
    ...(known.namespaceAssumed === true && !isSaid ? { namespaceAssumed: true } : {}),
    trafficPercentage: given.said.trafficPercentage ?? known.trafficPercentage,
    variants,
    started: known.started || next.started,
    lastModified: lastModifiedOf(known, given),
  }
}

/** At its end the base configuration has changed: what was valid before would be asked for in vain. */
function withoutOldVersion(known: ExperimentSpec, { state }: ExperimentSpec): ExperimentSpec {
  if (!isOver(state)) return known
  const { configVersion: _old, ...rest } = known
  return rest
}

function namedVariants(service: string, { variants }: ExperimentSaid): readonly Variant[] {
  return variants.map(({ id, type }) => ({ id, type, name: variantName(service, id) }))
}

/** As the payload says; without that, when it was received, and never earlier than before. */
function lastModifiedOf(known: ExperimentSpec | undefined, given: Said): string {
  const before = microsOf(known?.lastModified) ?? 0
  const micros = versionSaid(given.said) ?? Math.max(given.receivedAt * 1000, before + 1)
  return formatMicros(micros)
}

function eventOf({ event, origin, receivedAt }: Said): ExperimentSpec['event'] {
  return {
    name: event,
    ...(origin.time === undefined ? {} : { time: formatMicros(origin.time) }),
    receivedAt: formatInstant(receivedAt),
  }
}

/** RFC 3339 with microseconds. */
export function formatMicros(micros: number): string {
  const rest = String(micros % 1000).padStart(3, '0')
  return formatInstant(Math.floor(micros / 1000)).replace('Z', `${rest}Z`)
}
