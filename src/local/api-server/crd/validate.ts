/** Whether an object of a custom kind is what its definition allows. */
import type { Obj } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { validateSchema } from '#core/schema/validate.ts'
import type { CustomFacts, Resource, Stored } from '../resource.ts'
import type { Entry } from '../store.ts'
import { hasRules } from './rule-compile.ts'
import { ruleFindings } from './rules.ts'
import { scaleProblems } from './scale-fields.ts'

/** Problems that keep the rules from being asked: they may not even have the values they speak of. */
const blocking = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

const notAsked =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'

export function problemsOfNew(resource: Resource, facts: CustomFacts, object: Stored): Problem[] {
  const scale = scaleProblems(facts, object, false)
  return problemsOf(resource, object, { old: undefined, scale, settled: false })
}

/** `entry` is that of `old`, as far as it is at hand. */
export function problemsOfUpdate(
  resource: Resource,
  facts: CustomFacts,
  object: Stored,
  old: Stored,
  entry: Entry | undefined,
): Problem[] {
  const scale = scaleProblems(facts, object, false)
  return problemsOf(resource, object, { old, scale, settled: isSettled(resource, entry) })
}

/** The same for a write that came through the door of the status. */
export function problemsOfStatus(
  resource: Resource,
  facts: CustomFacts,
  object: Stored,
  old: Stored,
  entry: Entry | undefined,
): Problem[] {
  const scale = scaleProblems(facts, object, true)
  return problemsOf(resource, object, { old, scale, settled: isSettled(resource, entry) })
}

function isSettled(resource: Resource, entry: Entry | undefined): boolean {
  return entry?.form === resource && entry.sound === true
}

type Against = {
  readonly old: Stored | undefined
  readonly scale: readonly Problem[]
  /** Whether the rules hold for the old object, all of them. */
  readonly settled: boolean
}

function problemsOf(
  { schema }: Resource,
  object: Stored,
  { old, scale, settled }: Against,
): Problem[] {
  if (schema === undefined) return [...scale]
  const before = old === undefined ? undefined : plain(old)
  const problems = [...validateSchema(schema, plain(object), before), ...scale]
  if (problems.some(blocks)) {
    return hasRules(schema) ? [...problems, problem.invalid('<nil>', null, notAsked)] : problems
  }
  const found = ruleFindings(schema, object, old, settled)
  if (found.warnings.length > 0) ratcheted.set(object, found.warnings)
  else if (found.problems.length === 0) sound.add(object)
  return [...problems, ...found.problems]
}

const sound = new WeakSet<Stored>()

/** Whether the last check of an object found all rules to hold. */
export function isSound(object: Stored): boolean {
  return sound.has(object)
}

/** A text that is not of its format counts as being of another type. */
function blocks({ reason, message }: Problem): boolean {
  return blocking.has(reason) || message.includes(' in body must be of type ')
}

const ratcheted = new WeakMap<Stored, readonly string[]>()

/** What the last check of an object would have refused, had it not been so before. */
export function ratchetedWarnings(object: Stored): readonly string[] {
  return ratcheted.get(object) ?? []
}

/** A definition's schema says nothing of metadata that counts; that is checked for all kinds alike. */
function plain(object: Stored): Obj {
  const { metadata: _, ...rest } = object
  return { metadata: {}, ...rest }
}
