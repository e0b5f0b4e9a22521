/** The admission of priorities: a pod gets the number of its class, and there is one default class at most. */
import { asNumber, asString, child, type Obj } from '#core/schema/json.ts'
import type { Call, Machine } from '../machine.ts'
import type { Stored } from '../resource.ts'
import { forbidden } from '../status.ts'
import type { Entry } from '../store.ts'

const classes = 'scheduling.k8s.io/priorityclasses'

/** @throws ApiError 403 for a pod of an unknown class or with a number of its own, and for a second default class. */
export function admitPriority({ resource, machine }: Call, object: Stored): void {
  const refuse = (why: string) => forbidden(resource, asString(object.metadata.name) ?? '', why)
  if (resource.storage === classes && object.globalDefault === true) {
    const name = asString(defaultClass(machine)?.metadata.name)
    if (name !== undefined && name !== object.metadata.name) {
      throw refuse(`PriorityClass ${name} is already marked as default. Only one default can exist`)
    }
  }
  if (resource.storage !== 'pods') return
  const spec = child(object, 'spec')
  const named = asString(spec.priorityClassName) ?? ''
  const found = named === '' ? defaultClass(machine) : classOf(machine, named)
  if (named !== '' && found === undefined) {
    throw refuse(`no PriorityClass with name ${named} was found`)
  }
  if (found !== undefined) spec.priorityClassName = asString(found.metadata.name) ?? ''
  settle(spec, found, refuse)
}

function settle(spec: Obj, found: Stored | undefined, refuse: (why: string) => Error): void {
  const priority = asNumber(found?.value) ?? 0
  const policy = asString(found?.preemptionPolicy) ?? 'PreemptLowerPriority'
  const computed = 'must not be provided in pod spec; priority admission controller computed'
  const from = 'from the given PriorityClass name'
  if (spec.priority !== undefined && spec.priority !== priority) {
    throw refuse(
      `the integer value of priority (${String(spec.priority)}) ${computed} ${priority} ${from}`,
    )
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    const given = String(spec.preemptionPolicy)
    throw refuse(`the string value of PreemptionPolicy (${given}) ${computed} ${policy} ${from}`)
  }
  spec.priority = priority
  spec.preemptionPolicy = policy
}

function classOf({ store }: Machine, name: string): Stored | undefined {
  const entry = store.get(classes, name)
  return entry === undefined ? undefined : read(entry)
}

const known = new WeakMap<Entry, Stored>()

/** Every pod asks for the classes, and they hardly ever change. */
function read(entry: Entry): Stored {
  const found = known.get(entry) ?? (JSON.parse(entry.text) as Stored)
  known.set(entry, found)
  return found
}

/** The class marked as default: of several the lowest. */
function defaultClass({ store }: Machine): Stored | undefined {
  return store
    .list(classes)
    .map(read)
    .filter(({ globalDefault }) => globalDefault === true)
    .toSorted((one, other) => (asNumber(one.value) ?? 0) - (asNumber(other.value) ?? 0))[0]
}
