/** `/descriptors` (A20–A26). */

import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { isKube } from '#kube/errors.ts'
import type { Ground } from '../../face.ts'
import { type Descriptor, readDescriptor } from '../descriptor.ts'
import { type DescriptorRecord, descriptorKind, recordVersion } from '../kinds.ts'
import { labels, ofDoor, plainName } from '../names.ts'
import { passwordSecret } from '../password.ts'
import { found, type HeldDescriptor, heldDescriptor } from '../records.ts'
import { type Asked, etagOf, type House, nowText } from './door-http.ts'
import { inOrder, type Page, pageOf } from './page-of-list.ts'
import { badRequest, notFound, outdated, Refusal } from './refusal.ts'

export type Descriptors = {
  /** Its id. */
  readonly create: (asked: Asked) => Promise<string>
  readonly list: (asked: Asked) => Page<HeldDescriptor>
  readonly get: (asked: Asked) => Promise<HeldDescriptor>
  /** The new ETag. */
  readonly update: (asked: Asked) => Promise<string>
  readonly remove: (asked: Asked) => Promise<void>
  readonly removeAll: (asked: Asked) => Promise<void>
  readonly validate: (asked: Asked) => void
}

export function descriptors(house: House): Descriptors {
  return {
    create: (asked) => create(house, asked),
    list: ({ query }) => {
      const namespace = query.namespace()
      const appName = query.text('appname')
      return pageOf(inOrder(matching(house, namespace, appName)), query)
    },
    get: (asked) => get(house, asked),
    update: (asked) => update(house, asked),
    remove: (asked) => remove(house, asked),
    removeAll: (asked) => removeAll(house, asked),
    validate: (asked) => void validated(house, asked),
  }
}

function matching(
  { records }: House,
  namespace: string,
  appName: string | undefined,
): readonly HeldDescriptor[] {
  const name = appName === undefined ? undefined : plainName(appName)
  return [...records.descriptors.values()].filter(
    (one) => one.metadata.namespace === namespace && (name === undefined || one.appName === name),
  )
}

/** What the body says, once it makes sense for the namespace of the query. @throws Refusal 400 with all problems. */
function validated(
  { settings }: House,
  { body, query }: Asked,
): { readonly descriptor: Descriptor; readonly password: string | undefined } {
  const namespace = query.namespace()
  const reading = readDescriptor(body, settings)
  if (reading.kind === 'problems') throw badRequest(reading.problems.join('\n'))
  if (reading.descriptor.namespace !== namespace)
    throw badRequest(
      `the descriptor is of namespace ${reading.descriptor.namespace}, the query of ${namespace}`,
    )
  return reading
}

async function create(house: House, asked: Asked): Promise<string> {
  const { descriptor, password } = validated(house, asked)
  if (descriptor.id !== undefined && descriptor.id !== '')
    throw badRequest('id must not be set; it is given')
  const { cluster } = house.ground
  const id = cluster.ports.newId()
  const now = nowText(house)
  const stored = await cluster.create<DescriptorRecord>(
    descriptorKind,
    record(id, descriptor, { created: now, lastModified: now }),
  )
  await keepPassword(house.ground, stored, password)
  await house.records.seen(house.records.descriptors, stored)
  return id
}

function record(
  id: string,
  descriptor: Descriptor,
  times: { readonly created: string; readonly lastModified: string },
): DescriptorRecord {
  const { appName, namespace } = descriptor
  return {
    apiVersion: recordVersion,
    kind: descriptorKind.kind,
    metadata: { name: id, namespace, labels: { ...ofDoor, [labels.app]: appName } },
    spec: { appName, ...times, descriptor: { ...descriptor, id, ...times } },
  }
}

async function get({ records, ground }: House, { id, query }: Asked): Promise<HeldDescriptor> {
  const namespace = query.namespace()
  const held = records.descriptors.get(`${namespace}/${id}`)
  if (held !== undefined) return held
  const stored = await found(
    ground.cluster.get<DescriptorRecord>(descriptorKind, { namespace, name: id }),
  )
  if (stored === undefined) throw notFound()
  return heldDescriptor(stored)
}

const attempts = 5

/** What the caller saw is what it changes, where it says what it saw; else the newest. */
async function update(house: House, asked: Asked): Promise<string> {
  const { cluster } = house.ground
  const at = { namespace: asked.query.namespace(), name: asked.id }
  for (let attempt = 1; ; attempt += 1) {
    const before = await found(cluster.get<DescriptorRecord>(descriptorKind, at))
    if (before === undefined) throw notFound()
    if (asked.ifMatch !== undefined && !matches(asked.ifMatch, before)) throw outdated()
    const { descriptor, password } = validated(house, asked)
    checkSame(before, descriptor)
    const after = record(asked.id, descriptor, {
      created: before.spec.created,
      lastModified: nowText(house),
    })
    try {
      const stored = await cluster.replace<DescriptorRecord>(descriptorKind, {
        ...before,
        spec: after.spec,
      })
      await keepPassword(house.ground, stored, password)
      await house.records.seen(house.records.descriptors, stored)
      return etagOf(stored.metadata)
    } catch (error) {
      if (isKube(error, 'NotFound')) throw notFound()
      if (!isKube(error, 'Conflict')) throw error
      if (asked.ifMatch !== undefined || attempt === attempts) throw outdated()
    }
  }
}

function checkSame(before: DescriptorRecord, { id, appName }: Descriptor): void {
  if (id !== before.metadata.name)
    throw badRequest(`id must be ${before.metadata.name}, as in the address`)
  if (appName !== before.spec.appName)
    throw badRequest(`appName may not change; it is ${before.spec.appName}`)
}

function matches(ifMatch: string, { metadata }: KubeObject): boolean {
  const tags = ifMatch.split(',').map((tag) => tag.trim())
  return tags.includes('*') || tags.includes(etagOf(metadata))
}

async function remove({ ground, records }: House, asked: Asked): Promise<void> {
  const at = { namespace: asked.query.namespace(), name: asked.id }
  const before = await found(ground.cluster.get<DescriptorRecord>(descriptorKind, at))
  if (before === undefined) throw notFound()
  if (asked.ifMatch !== undefined && !matches(asked.ifMatch, before)) throw outdated()
  const { uid, resourceVersion } = before.metadata
  try {
    await ground.cluster.remove(descriptorKind, at, {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined || asked.ifMatch === undefined ? {} : { resourceVersion }),
    })
  } catch (error) {
    if (isKube(error, 'NotFound')) throw notFound()
    if (isKube(error, 'Conflict')) throw outdated()
    throw error
  }
  await gone(ground, records.descriptors, `${at.namespace}/${at.name}`)
}

/** Resolves when a cache knows no such key any more. */
function gone(
  { cluster }: Pick<Ground, 'cluster'>,
  cache: House['records']['descriptors'],
  key: string,
): Promise<void> {
  if (cache.get(key) === undefined) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      cancel()
      end()
      resolve()
    }
    const cancel = cluster.ports.clock.after(5000, done)
    const end = cache.subscribe(() => {
      if (cache.get(key) === undefined) done()
    })
  })
}

/** A26. */
async function removeAll(house: House, asked: Asked): Promise<void> {
  const { query } = asked
  const namespace = query.namespace()
  const appName = query.text('appname')
  if (appName === undefined) throw badRequest('the query parameter appname is missing')
  const keepLatest = query.flag('keepLatest', true)
  const all = matching(house, namespace, appName).toSorted(
    (a, b) => b.lastModified - a.lastModified || b.created - a.created,
  )
  const going = keepLatest ? all.slice(1) : all
  for (const { metadata } of going) {
    await remove(house, { ...asked, id: metadata.name, ifMatch: undefined }).catch(
      (error: unknown) => {
        if (!(error instanceof Refusal && error.status === 404)) throw error
      },
    )
  }
}

/** Decision 20: a password is a Secret of its own; where none comes, the one that is there stays. */
async function keepPassword(
  { cluster }: Pick<Ground, 'cluster'>,
  stored: DescriptorRecord,
  password: string | undefined,
): Promise<void> {
  if (password === undefined || password === '') return
  const secret = passwordSecret(stored, password)
  const { namespace = 'default', name } = secret.metadata
  await cluster.patch(kinds.secret, { namespace, name }, 'apply', secret, {
    fieldManager: 'headgate-deployer',
    force: true,
  })
}
