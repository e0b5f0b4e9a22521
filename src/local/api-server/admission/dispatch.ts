/**
 * Admission: webhooks may change an object on its way in, and then others may refuse it. Where no webhook is concerned,
 * nothing here waits, so that a write remains one unbroken move.
 */
import { asObject, equal, isObject, type Obj, type Value } from '#core/schema/json.ts'
import { DecodeError } from '../builtin/normalise.ts'
import { inForm } from '../crd/forms.ts'
import { shapedObject } from '../decode.ts'
import { jsonFault, jsonType } from '../go-json.ts'
import type { Call } from '../machine.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { apiVersionOf, type Resource, type Stored } from '../resource.ts'
import { internal } from '../status.ts'
import { ask, failureOf, HookFault } from './ask.ts'
import { conditionsHold } from './conditions.ts'
import { type Hook, hooksOf } from './hooks.ts'
import { concerned, type Invocation, isSelected } from './match.ts'
import type { Patch } from './review.ts'
import type { Pair, Subject } from './subject.ts'

/** The object as the mutating webhooks want it; `object` itself when none is concerned. Rejects with a refusal. */
export function mutated(
  call: Call,
  subject: Subject,
  object: Stored,
  old: Stored | undefined,
): Stored | Promise<Stored> {
  const { machine } = call
  const invocations = concerned(machine, hooksOf(machine).mutating, subject)
  if (invocations.length === 0) return object
  return new Mutation(call, subject, { object, old }).run(invocations) as Promise<Stored>
}

/** Asks the validating webhooks. Nothing to wait for when none is concerned. Rejects with a refusal. */
export function validated(call: Call, subject: Subject, pair: Pair): Promise<void> | undefined {
  const { machine } = call
  const invocations = concerned(machine, hooksOf(machine).validating, subject)
  if (invocations.length === 0) return undefined
  return validate(call, subject, pair, invocations)
}

/** Both kinds of webhooks about something that has no object of its own to change. */
export function admitted(call: Call, subject: Subject, pair: Pair): Promise<void> | undefined {
  const { machine } = call
  const { mutating, validating } = hooksOf(machine)
  const first = concerned(machine, mutating, subject)
  const then = concerned(machine, validating, subject)
  if (first.length === 0 && then.length === 0) return undefined
  return new Mutation(call, subject, pair)
    .run(first)
    .then(() => validate(call, subject, pair, then))
}

async function validate(
  call: Call,
  subject: Subject,
  pair: Pair,
  invocations: readonly Invocation[],
): Promise<void> {
  const asked: (() => Promise<unknown>)[] = []
  for (const invocation of invocations) {
    if (!isSelected(call.machine, invocation.hook, subject, pair)) continue
    const inItsForm = await pairIn(call, subject, pair, subject.resource, invocation.resource)
    if (!conditionsHold(call, subject, invocation, inItsForm)) continue
    asked.push(() => ask(call, subject, invocation, inItsForm, false))
  }
  // All are asked at once; of several refusals the first in order is told.
  const outcomes = await Promise.allSettled(asked.map((start) => start()))
  const refused = outcomes.find((outcome) => outcome.status === 'rejected')
  if (refused !== undefined) throw refused.reason
}

/** The rounds of mutating webhooks over one object. */
class Mutation {
  private readonly call: Call
  private readonly subject: Subject
  private pair: Pair
  /** The kind in whose form the pair is now. */
  private form: Resource
  /** Webhooks that have been asked and want to be asked again after a change by another. */
  private waiting = new Set<string>()
  private readonly again = new Set<string>()

  constructor(call: Call, subject: Subject, pair: Pair) {
    this.call = call
    this.subject = subject
    this.pair = pair
    this.form = subject.resource
  }

  /** The object after all rounds, in the form of the request. */
  async run(invocations: readonly Invocation[]): Promise<Stored | undefined> {
    await this.round(invocations, false)
    if (this.again.size > 0) {
      const back = invocations.filter(({ hook }) => this.again.has(hook.id))
      await this.round(back, true)
    }
    await this.bring(this.subject.resource)
    return this.pair.object
  }

  private async round(invocations: readonly Invocation[], second: boolean): Promise<void> {
    const { call, subject } = this
    for (const invocation of invocations) {
      const { hook } = invocation
      if (!isSelected(call.machine, hook, subject, this.pair)) continue
      await this.bring(invocation.resource)
      if (!conditionsHold(call, subject, invocation, this.pair)) continue
      const patch = await ask(call, subject, invocation, this.pair, true)
      if (patch !== undefined && this.apply(patch, invocation) && !second) {
        for (const id of this.waiting) this.again.add(id)
        this.waiting = new Set()
      }
      if (hook.again) this.waiting.add(hook.id)
    }
  }

  private async bring(form: Resource): Promise<void> {
    this.pair = await pairIn(this.call, this.subject, this.pair, this.form, form)
    this.form = form
  }

  /** Whether the patch changed anything. */
  private apply(patch: Patch, { hook, kind }: Invocation): boolean {
    const { object } = this.pair
    const operations = operationsOf(patch, hook)
    if (operations.length === 0) return false
    if (object === undefined) {
      const why = `admission webhook ${JSON.stringify(hook.name)} attempted to modify the object, which is not supported for this operation`
      throw internal(why)
    }
    const outcome = applyJsonPatch(object, operations)
    if (outcome.kind === 'failed') throw internal(outcome.why)
    const made = asObject(outcome.value) ?? {}
    // A subresource's object, a Scale say, is nothing that is stored.
    const patched = kind.kind === this.form.kind ? decoded(this.form, made) : made
    this.pair = { ...this.pair, object: patched as Stored }
    return !equal(object, patched)
  }
}

/** The operations of a patch; none when it cannot be used and failures are ignored. */
function operationsOf({ text, type }: Patch, { name, ignoresFailure }: Hook): readonly Value[] {
  const operations = parsedPatch(text)
  let fault: string
  if (typeof operations === 'string') {
    fault = `received undecodable patch in webhook response: ${operations}`
  } else if (operations.length === 0 || type === 'JSONPatch') return operations
  else fault = `unsupported patch type ${JSON.stringify(type)}`
  if (ignoresFailure) return []
  throw failureOf(name, new HookFault(fault))
}

/** The operations, or why there are none. */
function parsedPatch(text: string): readonly Value[] | string {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return jsonFault(text) ?? ''
  }
  if (parsed === null) return []
  if (!Array.isArray(parsed)) {
    return `json: cannot unmarshal ${jsonType(parsed)} into Go value of type jsonpatch.Patch`
  }
  const wrong: unknown = parsed.find((one) => one !== null && !isObject(one))
  if (wrong === undefined) return parsed as Value[]
  return `json: cannot unmarshal ${jsonType(wrong)} into Go value of type jsonpatch.Operation`
}

/** A webhook's object is typed and defaulted like any other that comes in. */
function decoded(resource: Resource, made: Obj): Stored {
  const { group, version, kind } = resource
  if (made.kind !== kind || made.apiVersion !== apiVersionOf(resource)) {
    const given = `${String(made.apiVersion)}.${String(made.kind)}`
    const wanted = `${group === '' ? 'core' : group}/${version}.${kind}`
    throw internal(`converting (${given}) to (${wanted}): unknown conversion`)
  }
  try {
    return shapedObject(resource, made)
  } catch (error) {
    // The client did nothing wrong.
    if (error instanceof DecodeError) throw internal(error.message)
    throw error
  }
}

async function pairIn(
  call: Call,
  subject: Subject,
  pair: Pair,
  from: Resource,
  to: Resource,
): Promise<Pair> {
  // A subresource's object has only one form.
  if (from === to || subject.kind.kind !== from.kind) return pair
  const one = (object: Stored | undefined): Promise<Stored> | Stored | undefined =>
    object === undefined ? undefined : inForm(call.machine, object, from, to)
  return { object: await one(pair.object), old: await one(pair.old) }
}
