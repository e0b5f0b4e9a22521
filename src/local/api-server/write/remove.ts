/** delete and deletecollection: at once, gracefully, or waiting for finalizers. */
import { asArray, asNumber, type Obj } from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { admitted } from '../admission/dispatch.ts'
import { hasHooks } from '../admission/hooks.ts'
import { subjectOf } from '../admission/subject.ts'
import { json, jsonText } from '../answer.ts'
import { seconds } from '../builtin/times.ts'
import { isPromise, readableOne } from '../crd/forms.ts'
import { readListOptions } from '../list-options.ts'
import { type Call, keyOf } from '../machine.ts'
import { objectOf } from '../output.ts'
import { entryOf, pageOf } from '../read.ts'
import { renderOf } from '../render.ts'
import type { Stored } from '../resource.ts'
import { conflict, forbidden } from '../status.ts'
import type { Entry } from '../store.ts'
import { strategyOf } from '../strategies.ts'
import { commit, purge } from './commit.ts'
import { type DeleteOptions, readDeleteOptions } from './delete-options.ts'
import { Torn, unbroken } from './torn.ts'

export async function remove(call: Call): Promise<HttpResponse> {
  const { options, given } = readDeleteOptions(call)
  const { leavesBehind } = strategyOf(call.resource)
  if (leavesBehind !== undefined && options.propagation === undefined) {
    call.warnings.push(leavesBehind)
  }
  const render = renderOf({ ...call, headers: { accept: 'application/json' } })
  const outcome = await unbroken(call, async () => {
    const entry = entryOf(call)
    const asked = admitRemoval(call, entry, given, call.name)
    if (asked !== undefined) await asked
    return removeEntry(call, entry, options)
  })
  const last = await readableOne(call.machine, call.resource, outcome.entry)
  if (!outcome.gone) return jsonText(options.cascades ? 202 : 200, `${render.one(last)}\n`)
  if (strategyOf(call.resource).returnsDeleted) return jsonText(200, `${render.one(last)}\n`)
  return json(200, success(call, objectOf(call.resource, last)))
}

/** Asks the webhooks about a deletion; nothing to wait for when none is concerned. Rejects with their refusal. */
function admitRemoval(
  call: Call,
  entry: Entry,
  options: Obj,
  name: string,
): Promise<void> | undefined {
  const { machine, resource } = call
  if (!hasHooks(machine)) return undefined
  const subject = subjectOf(call, 'DELETE', { options, name })
  const ask = (one: Entry): Promise<void> | undefined =>
    admitted(call, subject, { object: undefined, old: objectOf(resource, one) })
  const old = readableOne(machine, resource, entry)
  return isPromise(old) ? old.then(ask) : ask(old)
}

function success({ resource }: Call, { metadata }: Stored): Obj {
  const { name = '', uid = '' } = metadata
  const { group, plural } = resource
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group === '' ? {} : { group }), kind: plural, uid },
  }
}

export async function removeCollection(call: Call): Promise<HttpResponse> {
  const { options, given } = readDeleteOptions(call)
  const page = await pageOf(call, readListOptions(call.query, call.resource))
  const render = renderOf({ ...call, headers: { accept: 'application/json' } })
  for (const entry of page.entries) {
    const { metadata } = objectOf(call.resource, entry)
    const namespace = String(metadata.namespace ?? '')
    const one = { ...call, namespace, name: String(metadata.name ?? '') }
    await removeListed(one, options, given)
  }
  // As they were when they were listed, not as they went.
  return jsonText(200, `${render.list(page.entries, page.meta)}\n`)
}

/** One of many; it may have gone by itself. */
function removeListed(call: Call, options: DeleteOptions, given: Obj): Promise<void> {
  const { machine, resource, namespace, name } = call
  return unbroken(call, async () => {
    const entry = machine.store.get(resource.storage, keyOf(namespace, name))
    if (entry === undefined) return
    // The request named none of them.
    const asked = admitRemoval(call, entry, given, '')
    if (asked !== undefined) await asked
    removeEntry(call, entry, options)
  })
}

export type Removal = { readonly entry: Entry; readonly gone: boolean }

/**
 * Deletes as the options ask, without asking anybody. `gone` is false while finalizers, or a grace period, keep the
 * object. Only its metadata change, so it stays in the form it was stored in. Throws `Torn` when `entry` is outdated.
 */
export function removeEntry(given: Call, entry: Entry, options: DeleteOptions): Removal {
  const call = entry.form === undefined ? given : { ...given, resource: entry.form }
  if (call.machine.store.get(call.resource.storage, entry.key)?.revision !== entry.revision) {
    throw new Torn()
  }
  const object = objectOf(call.resource, entry)
  checkPreconditions(call, object, options)
  const before = JSON.stringify(object)
  const now = seconds(call.machine.ports.clock.now())
  const strategy = strategyOf(call.resource)
  if (strategy.stays?.(object) === true) {
    const name = String(object.metadata.name)
    throw forbidden(call.resource, name, `this ${call.resource.singular} may not be deleted`)
  }
  const own = strategy.beginDelete?.(object, now)
  if (own === 'waits') return { entry, gone: false }
  if (own === 'marked') {
    if (call.resource.custom === undefined && object.kind === 'Namespace') {
      settleFinalizers(call, object, options)
    }
    return { entry: commit(call, object, entry), gone: false }
  }
  const graceful = settleGrace(call, object, options)
  if (graceful === 'pending') return { entry, gone: false }
  settleFinalizers(call, object, options)
  if (asArray(object.metadata.finalizers).length > 0) {
    if (graceful === 'none') stampDeletion(object, now)
  } else if (graceful === 'none') {
    return { entry: purge(call, markedFirst(call, object, entry, now)), gone: true }
  }
  if (JSON.stringify(object) === before) return { entry, gone: false }
  return { entry: commit(call, object, entry), gone: false }
}

/** What is ended gracefully is marked first, even where nobody has to be waited for: watches see both. */
function markedFirst(call: Call, object: Stored, entry: Entry, now: string): Stored {
  const graceful = strategyOf(call.resource).graceSeconds !== undefined
  if (!graceful || object.metadata.deletionTimestamp !== undefined) return object
  stampDeletion(object, now)
  return objectOf(call.resource, commit(call, object, entry))
}

function stampDeletion({ metadata }: Stored, now: string): void {
  if (metadata.deletionTimestamp === undefined) {
    metadata.deletionTimestamp = now
    const generation = asNumber(metadata.generation) ?? 0
    if (generation > 0) metadata.generation = generation + 1
  }
  metadata.deletionGracePeriodSeconds = 0
}

/** `set`: somebody else ends the object; `pending`: that is under way already; `none`: it goes at once. */
function settleGrace(
  call: Call,
  object: Stored,
  options: DeleteOptions,
): 'set' | 'pending' | 'none' {
  const { graceSeconds } = strategyOf(call.resource)
  if (graceSeconds === undefined) return 'none'
  const { metadata } = object
  const now = call.machine.ports.clock.now()
  const running = asNumber(metadata.deletionGracePeriodSeconds)
  if (typeof metadata.deletionTimestamp === 'string') {
    if (running === undefined || running === 0) return 'none'
    const asked = options.graceSeconds
    if (asked === undefined || asked >= running) return 'pending'
    const started = Date.parse(metadata.deletionTimestamp) - running * 1000
    const ends = started + asked * 1000
    metadata.deletionTimestamp = seconds(Math.max(ends, now))
    metadata.deletionGracePeriodSeconds = ends < now && asked !== 0 ? 1 : asked
    return asked === 0 ? 'none' : 'set'
  }
  const period = graceSeconds(object, options.graceSeconds)
  if (period <= 0) return 'none'
  metadata.deletionTimestamp = seconds(now + period * 1000)
  metadata.deletionGracePeriodSeconds = period
  const generation = asNumber(metadata.generation) ?? 0
  if (generation > 0) metadata.generation = generation + 1
  return 'set'
}

/** The two finalizers of the garbage collector follow the propagation policy. */
function settleFinalizers(call: Call, object: Stored, options: DeleteOptions): void {
  const finalizers = asArray(object.metadata.finalizers).map(String)
  const had = (name: string): boolean => finalizers.includes(name)
  const { propagation } = options
  const byDefault = strategyOf(call.resource).orphansByDefault
  const orphans =
    propagation === undefined
      ? had('orphan') || (byDefault && !had('foregroundDeletion'))
      : propagation === 'Orphan'
  const foreground =
    propagation === undefined ? had('foregroundDeletion') : propagation === 'Foreground'
  const rest = finalizers.filter((name) => name !== 'orphan' && name !== 'foregroundDeletion')
  const wanted = [
    ...rest,
    ...(orphans ? ['orphan'] : []),
    ...(foreground ? ['foregroundDeletion'] : []),
  ]
  if (wanted.length === 0) delete object.metadata.finalizers
  else if (wanted.join() !== finalizers.join()) object.metadata.finalizers = wanted
}

function checkPreconditions(
  { resource, name }: Call,
  object: Stored,
  options: DeleteOptions,
): void {
  const { uid, resourceVersion } = object.metadata
  const subject = { ...resource, plural: resource.kind }
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${String(uid)}). The object might have been deleted and then recreated`
    throw conflict(subject, name, why)
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${String(resourceVersion)}). The object might have been modified`
    throw conflict(subject, name, why)
  }
}
