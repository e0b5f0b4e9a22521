/** Delivers a decision: its writes and its status, each with a precondition, none waiting for another. */
import type { PatchOperation, Standing, Write } from '#core/decision.ts'
import { kindOf } from '#core/k8s/kinds.ts'
import type { KubeObject, ObjectRef } from '#core/k8s/meta.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { isKube, KubeError } from '#kube/errors.ts'
import type { KeyState } from './state.ts'
import { spanned } from './traces.ts'

/** Thrown when a write met a cluster that had moved on: decide again on a newer snapshot. */
export class Outdated extends Error {
  override readonly name = 'Outdated'
}

export type Delivery = {
  readonly cluster: Cluster
  /** Where the echo of a write is to be seen. */
  readonly cacheOf: (object: KubeObject) => Cache<unknown> | undefined
  /** Asked right before each write; false once another process may lead. */
  readonly mayWrite: () => boolean
  readonly now: () => number
}

export async function apply(
  delivery: Delivery,
  state: KeyState,
  writes: readonly Write[],
  status: { readonly object: KubeObject; readonly value: unknown } | undefined,
): Promise<void> {
  const jobs = writes.map((write) =>
    guarded(delivery, state, nameOf(write), () => perform(delivery, write)),
  )
  if (status !== undefined) {
    const { kind, metadata } = status.object
    jobs.push(
      guarded(delivery, state, `${kind} ${metadata.name}`, () =>
        writeStatus(delivery, status.object, status.value),
      ),
    )
  }
  const results = await Promise.allSettled(jobs)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function guarded(
  { cacheOf, mayWrite, now }: Delivery,
  state: KeyState,
  object: string,
  write: () => Promise<KubeObject | undefined>,
): Promise<void> {
  if (!mayWrite()) throw new Outdated('another process may lead now')
  try {
    const written = await spanned('headgate.write', { 'headgate.object': object }, write)
    state.refusals.delete(object)
    const cache = written === undefined ? undefined : cacheOf(written)
    if (written !== undefined && cache !== undefined) state.own.wrote(cache, written)
  } catch (error) {
    if (isOutdated(error))
      throw new Outdated(`${object}: ${(error as Error).message}`, { cause: error })
    if (error instanceof KubeError && isRefusal(error)) {
      const since = state.refusals.get(object)?.since ?? now()
      state.refusals.set(object, { object, message: error.message, since })
    }
    throw error
  }
}

// A JSON Patch whose `test` fails is answered 422 with one fixed sentence and no causes, unlike an object that is invalid.
function isOutdated(error: unknown): boolean {
  if (isKube(error, 'Conflict', 'NotFound', 'AlreadyExists')) return true
  if (!isKube(error, 'Invalid')) return false
  const details = error.status?.details as { readonly causes?: readonly unknown[] } | undefined
  return (details?.causes ?? []).length === 0 && /error in our request|test/i.test(error.message)
}

function isRefusal({ code }: KubeError): boolean {
  return code === 400 || code === 403 || code === 413 || code === 422
}

/** The object of a write, as people call it: `ReplicaSet shop-6f9c`. */
export function nameOf(write: Write): string {
  return write.kind === 'create'
    ? `${write.object.kind} ${write.object.metadata.name}`
    : `${write.ref.kind} ${write.ref.name}`
}

function at({ namespace, name }: ObjectRef): { namespace?: string; name: string } {
  return namespace === undefined ? { name } : { namespace, name }
}

async function perform({ cluster }: Delivery, write: Write): Promise<KubeObject | undefined> {
  switch (write.kind) {
    case 'create':
      return await cluster.create(kindOf(write.object.kind, write.object.apiVersion), write.object)
    case 'patch':
      if (write.whileStands !== undefined) await assertStands(cluster, write.whileStands)
      return await cluster.patch(
        kindOf(write.ref.kind, write.ref.apiVersion),
        at(write.ref),
        'json',
        write.patch,
      )
    case 'delete':
      await cluster.remove(kindOf(write.ref.kind, write.ref.apiVersion), at(write.ref), {
        uid: write.uid,
        propagation: write.orphans === true ? 'Orphan' : 'Background',
      })
      return undefined
  }
}

/** Listed by its name: whoever may watch a kind may list it, and a list is read from the store itself. */
async function assertStands(cluster: Cluster, { ref, uid }: Standing): Promise<void> {
  const { apiVersion, kind, namespace = '', name } = ref
  const fieldSelector = `metadata.name=${name}`
  const { items } = await cluster.list(kindOf(kind, apiVersion), { namespace, fieldSelector })
  const stands = items.some(
    ({ metadata }) => metadata.uid === uid && metadata.deletionTimestamp === undefined,
  )
  if (!stands) throw new Outdated(`${kind} ${name} is being deleted`)
}

async function writeStatus(
  { cluster }: Delivery,
  object: KubeObject,
  value: unknown,
): Promise<KubeObject> {
  const patch: readonly PatchOperation[] = [
    { op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },
    { op: 'add', path: '/status', value },
  ]
  const { kind, metadata } = object
  return await cluster.patch(
    kindOf(kind),
    at({ apiVersion: '', kind, ...metadata }),
    'json',
    patch,
    {
      subresource: 'status',
    },
  )
}
