/**
 * Keeps what is served in step with the custom resource definitions: accepts their names, establishes them, and ends
 * their objects when they are deleted. A real server does the same in three small controllers of its own.
 */
import {
  asArray,
  asObject,
  asString,
  child,
  equal,
  type Obj,
  objectsOf,
} from '#core/schema/json.ts'
import { seconds } from '../builtin/times.ts'
import { trackUpdate } from '../fields/track.ts'
import type { Call, Machine } from '../machine.ts'
import { objectOf } from '../output.ts'
import type { Resource, Stored } from '../resource.ts'
import { removeEntry } from '../write/remove.ts'
import { cleanupFinalizer } from './definition-strategy.ts'
import { resourcesOf } from './resources.ts'

const storage = 'apiextensions.k8s.io/customresourcedefinitions'

/** From now on every written definition takes effect at once. */
export function startDefinitions(machine: Machine): void {
  const kind = machine.registry.find('apiextensions.k8s.io/v1', 'customresourcedefinitions')
  if (kind === undefined) return
  machine.hooks.written.push((resource, key) => {
    if (resource.storage === storage) sync(machine, kind, key)
    else if (resource.custom !== undefined) finishTerminating(machine, kind, resource)
  })
}

function sync(machine: Machine, kind: Resource, key: string): void {
  const entry = machine.store.get(storage, key)
  if (entry === undefined) {
    machine.registry.setCustom(key, [])
    return
  }
  const definition = objectOf(kind, entry)
  if (definition.metadata.deletionTimestamp !== undefined) {
    terminate(machine, kind, definition)
    return
  }
  if (acceptNames(machine, kind, definition)) {
    save(machine, kind, definition)
    if (setCondition(machine, definition, established)) save(machine, kind, definition)
  }
  const ready = conditionOf(definition, 'Established') === 'True'
  serve(machine, key, ready ? definition : undefined)
}

/** What is served of each definition, by its name, and the words it was made of. */
const served = new WeakMap<Machine, Map<string, string>>()

/** A definition that says the same as before is served by the same kinds, so that no object has to be read anew. */
function serve(machine: Machine, key: string, definition: Stored | undefined): void {
  const known = served.get(machine) ?? new Map<string, string>()
  served.set(machine, known)
  const names = asObject(definition?.status)?.acceptedNames
  const words = definition === undefined ? '' : JSON.stringify([definition.spec, names])
  if (known.get(key) === words && machine.registry.customOf(key).length > 0) return
  known.set(key, words)
  machine.registry.setCustom(key, definition === undefined ? [] : resourcesOf(definition))
}

/** A write of the server's own to the status, by its own name. */
function save(machine: Machine, kind: Resource, definition: Stored): void {
  const name = String(definition.metadata.name)
  const before = machine.store.get(kind.storage, name)
  const owners = definition.metadata.managedFields
  if (before !== undefined && owners !== undefined) {
    const headers = { 'user-agent': 'kube-apiserver' }
    const call = { ...internalCall(machine, kind), subresource: 'status', headers }
    void trackUpdate(call, definition, objectOf(kind, before))
  }
  machine.store.write(kind.storage, name, structuredClone(definition), {})
}

/** True when the names are accepted and the status had to be changed for that. */
function acceptNames(machine: Machine, kind: Resource, definition: Stored): boolean {
  const names = asObject(asObject(definition.spec)?.names) ?? {}
  const status = child(definition, 'status')
  if (equal(names, status.acceptedNames)) return false
  const taken = takenNames(machine, kind, definition)
  const clash = clashOf(names, taken)
  if (clash !== undefined) {
    const changed = [
      setCondition(machine, definition, { type: 'NamesAccepted', status: 'False', ...clash }),
      setCondition(machine, definition, notAccepted),
    ]
    if (changed.includes(true)) save(machine, kind, definition)
    return false
  }
  status.acceptedNames = structuredClone(names)
  setCondition(machine, definition, accepted)
  if (conditionOf(definition, 'Established') !== 'True') {
    setCondition(machine, definition, { ...established, status: 'False', reason: 'Installing' })
  }
  return true
}

const accepted = {
  type: 'NamesAccepted',
  status: 'True',
  reason: 'NoConflicts',
  message: 'no conflicts found',
}
const notAccepted = {
  type: 'Established',
  status: 'False',
  reason: 'NotAccepted',
  message: 'not all names are accepted',
}
const established = {
  type: 'Established',
  status: 'True',
  reason: 'InitialNamesAccepted',
  message: 'the initial names have been accepted',
}

/** The last name that somebody else has already, as a condition says it. */
function clashOf(names: Obj, taken: ReadonlySet<string>) {
  const found = ['plural', 'singular', 'shortNames', 'kind', 'listKind'].flatMap((field) => {
    const values = field === 'shortNames' ? asArray(names.shortNames) : [names[field] ?? '']
    const used = values.map(String).filter((name) => taken.has(name))
    const reason = `${field[0]?.toUpperCase()}${field.slice(1)}Conflict`
    return used.map((name) => ({ reason, message: `${JSON.stringify(name)} is already in use` }))
  })
  return found.at(-1)
}

function takenNames(machine: Machine, kind: Resource, definition: Stored): Set<string> {
  const group = asObject(definition.spec)?.group
  const taken = new Set<string>()
  for (const entry of machine.store.list(storage)) {
    const other = objectOf(kind, entry)
    if (other.metadata.name === definition.metadata.name) continue
    if (asObject(other.spec)?.group !== group) continue
    const names = asObject(asObject(other.status)?.acceptedNames) ?? {}
    for (const name of [names.plural, names.singular, names.kind, names.listKind]) {
      if (typeof name === 'string' && name !== '') taken.add(name)
    }
    for (const name of asArray(names.shortNames)) taken.add(String(name))
  }
  return taken
}

type Condition = { type: string; status: string; reason: string; message: string }

/** False when the definition says so already. */
function setCondition({ ports }: Machine, definition: Stored, condition: Condition): boolean {
  const status = child(definition, 'status')
  const conditions = objectsOf(status.conditions)
  const known = conditions.find(({ type }) => type === condition.type)
  if (known?.status === condition.status && known.reason === condition.reason) return false
  const since = known?.status === condition.status ? asString(known.lastTransitionTime) : undefined
  const lastTransitionTime = since ?? seconds(ports.clock.now())
  const made: Obj = { ...condition, lastTransitionTime }
  if (known === undefined) conditions.push(made)
  else Object.assign(known, made)
  status.conditions = conditions
  return true
}

function conditionOf(definition: Obj, type: string): string | undefined {
  const conditions = objectsOf(asObject(definition.status)?.conditions)
  return asString(conditions.find((condition) => condition.type === type)?.status)
}

/** A deleted definition takes its objects along; it goes when the last of them has gone. */
function terminate(machine: Machine, kind: Resource, definition: Stored): void {
  const name = String(definition.metadata.name)
  if (!asArray(definition.metadata.finalizers).includes(cleanupFinalizer)) return
  const [resource] = machine.registry.customOf(name)
  const marked = setCondition(machine, definition, {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionInProgress',
    message: 'CustomResource deletion is in progress',
  })
  if (marked) {
    save(machine, kind, definition)
    for (const entry of resource === undefined ? [] : machine.store.list(resource.storage)) {
      const call = internalCall(machine, resource as Resource)
      removeEntry(call, entry, noOptions)
    }
  }
  if (resource === undefined || machine.store.count(resource.storage) === 0) {
    release(machine, kind, name)
  }
}

const noOptions = {
  graceSeconds: undefined,
  propagation: undefined,
  uid: undefined,
  resourceVersion: undefined,
  cascades: false,
}

function internalCall(machine: Machine, resource: Resource): Call {
  return {
    machine,
    context: { user: { name: 'system:apiserver', groups: ['system:masters'] } },
    method: 'DELETE',
    resource,
    namespace: '',
    name: '',
    subresource: '',
    rest: '',
    query: new URLSearchParams(),
    headers: {},
    body: '',
    warnings: [],
  }
}

function finishTerminating(machine: Machine, kind: Resource, resource: Resource): void {
  if (machine.store.count(resource.storage) > 0) return
  const name = `${resource.plural}.${resource.group}`
  const entry = machine.store.get(storage, name)
  if (entry === undefined) return
  const definition = objectOf(kind, entry)
  if (definition.metadata.deletionTimestamp === undefined) return
  if (conditionOf(definition, 'Terminating') === 'True') release(machine, kind, name)
}

function release(machine: Machine, kind: Resource, name: string): void {
  const entry = machine.store.get(storage, name)
  if (entry === undefined) return
  const definition = objectOf(kind, entry)
  const rest = asArray(definition.metadata.finalizers).filter((f) => f !== cleanupFinalizer)
  if (rest.length > 0) {
    definition.metadata.finalizers = rest
    save(machine, kind, definition)
    return
  }
  delete definition.metadata.finalizers
  machine.store.remove(storage, name, definition)
  machine.registry.setCustom(name, [])
}
