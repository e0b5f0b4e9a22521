/** The roles and bindings that a fresh cluster has, put into its store without the way of a request each. */
import { join } from 'node:path'
import { isObject, type Obj, objectsOf } from '#core/schema/json.ts'
import type { Ports } from '#kube/ports.ts'
import { readData } from '../../data-file.ts'
import { seconds } from '../builtin/times.ts'
import type { Machine } from '../machine.ts'
import type { Stored } from '../resource.ts'

/** An object as it stands in a store, but for its uid and times. */
export type Prepared = {
  readonly storage: string
  readonly key: string
  readonly text: string
}

/** The objects as they are sent to a server, in the order of their creation. */
export function readRbacDefaults(): readonly Obj[] {
  const file = join(import.meta.dirname, '..', 'data', 'rbac.json')
  const items = readData(file)
  return Array.isArray(items) ? items.filter(isObject) : []
}

/** What a server that was given the defaults holds. */
export function preparedFrom({ store }: Machine, storages: readonly string[]): readonly Prepared[] {
  return storages.flatMap((storage) =>
    store.list(storage).map(({ key, text }) => ({ storage, key, text })),
  )
}

/** Puts prepared objects into a fresh store, as created now. */
export function putPrepared({ store, ports }: Machine, prepared: readonly Prepared[]): void {
  const now = seconds(ports.clock.now())
  for (const { storage, key, text } of prepared) {
    store.write(storage, key, asCreated(text, now, ports), noFields)
  }
}

const noFields = {}

function asCreated(text: string, now: string, { newId }: Ports): Stored {
  const object = JSON.parse(text) as Stored
  const { metadata } = object
  metadata.uid = newId()
  metadata.creationTimestamp = now
  for (const entry of objectsOf(metadata.managedFields)) entry.time = now
  return object
}
