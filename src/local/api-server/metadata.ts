/** An object's metadata on the way in: what the server sets, and what it refuses. */

import { asArray, asObject, asString, type Obj } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import type { Ports } from '#kube/ports.ts'
import { seconds } from './builtin/times.ts'
import type { Call } from './machine.ts'
import { labelValue, qualifiedName } from './names.ts'
import type { Resource, Stored } from './resource.ts'
import { badRequest } from './status.ts'
import type { Strategy } from './strategy.ts'

const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** The end of a generated name. */
function randomSuffix({ random }: Ports, length = 5): string {
  let text = ''
  while (text.length < length) text += alphabet[Math.floor(random() * alphabet.length)]
  return text
}

/** Puts the request's namespace into the object. Throws a 400 when the two differ. */
export function settleNamespace(resource: Resource, object: Stored, namespace: string): void {
  const { metadata } = object
  const given = asString(metadata.namespace) ?? ''
  if (!resource.namespaced) {
    if (given !== '') delete metadata.namespace
    return
  }
  if (given !== '' && given !== namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  }
  metadata.namespace = namespace
}

/** What only the server may say of a new object. */
export function stampNew(object: Stored, ports: Ports): void {
  const { metadata } = object
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
  delete metadata.generation
  metadata.uid = ports.newId()
  metadata.creationTimestamp = seconds(ports.clock.now())
  if ((asString(metadata.name) ?? '') === '' && typeof metadata.generateName === 'string') {
    metadata.name = metadata.generateName.slice(0, 58) + randomSuffix(ports)
  }
}

/** Metadata that an update cannot change is taken from the object as it was. */
export function keepOld(object: Stored, old: Stored): void {
  const { metadata } = object
  const before = old.metadata
  for (const field of ['generation', 'creationTimestamp', 'generateName', 'deletionTimestamp']) {
    if (before[field] === undefined) delete metadata[field]
    else metadata[field] = before[field]
  }
  metadata.uid ??= before.uid ?? ''
  if (before.deletionGracePeriodSeconds !== undefined) {
    metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds
  } else delete metadata.deletionGracePeriodSeconds
}

export function metadataProblems(
  resource: Resource,
  strategy: Strategy,
  object: Stored,
): Problem[] {
  const { metadata } = object
  const problems: Problem[] = []
  const generateName = asString(metadata.generateName) ?? ''
  for (const text of generateName === '' ? [] : strategy.checkName(generateName, true)) {
    problems.push(problem.invalid('metadata.generateName', generateName, text))
  }
  const name = asString(metadata.name) ?? ''
  if (name === '') {
    problems.push(problem.required('metadata.name', 'name or generateName is required'))
  } else {
    for (const text of strategy.checkName(name, false)) {
      problems.push(problem.invalid('metadata.name', name, text))
    }
  }
  if (resource.namespaced && (metadata.namespace ?? '') === '') {
    problems.push(problem.required('metadata.namespace'))
  }
  problems.push(...labelProblems(asObject(metadata.labels) ?? {}, 'metadata.labels'))
  problems.push(...annotationProblems(asObject(metadata.annotations) ?? {}))
  problems.push(...ownerProblems(metadata), ...finalizerProblems(metadata))
  return problems
}

/** An owner that is named twice counts once, and whoever names it so is told. */
export function oneOwnerEach({ warnings }: Call, { metadata }: Stored): void {
  const owners = asArray(metadata.ownerReferences)
  if (owners.length < 2) return
  const seen = new Set<string>()
  const twice = new Set<string>()
  metadata.ownerReferences = owners.filter((owner) => {
    const uid = String(asObject(owner)?.uid)
    if (!seen.has(uid)) return seen.add(uid)
    twice.add(uid)
    return false
  })
  if (twice.size === 0) return
  warnings.push(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...twice].join(', ')}`,
  )
}

export function labelProblems(labels: Obj, field: string): Problem[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedName(key).map((text) => problem.invalid(field, key, text)),
    ...labelValue(String(value)).map((text) => problem.invalid(field, String(value), text)),
  ])
}

const annotationBytes = 256 * 1024

function annotationProblems(annotations: Obj): Problem[] {
  const field = 'metadata.annotations'
  let size = 0
  const problems: Problem[] = []
  for (const [key, value] of Object.entries(annotations)) {
    size += key.length + String(value).length
    for (const text of qualifiedName(key.toLowerCase())) {
      problems.push(problem.invalid(field, key, text))
    }
  }
  if (size > annotationBytes) problems.push(problem.tooLong(field, annotationBytes))
  return problems
}

function ownerProblems({ ownerReferences }: Obj): Problem[] {
  const problems: Problem[] = []
  let controllers = 0
  asArray(ownerReferences).forEach((reference) => {
    const field = 'metadata.ownerReferences'
    const owner = asObject(reference) ?? {}
    if ((owner.apiVersion ?? '') === '') {
      problems.push(problem.invalid(`${field}.apiVersion`, '', 'version must not be empty'))
    }
    for (const name of ['kind', 'name', 'uid']) {
      if ((owner[name] ?? '') !== '') continue
      problems.push(problem.invalid(`${field}.${name}`, '', 'must not be empty'))
    }
    if (owner.controller === true) controllers += 1
  })
  if (controllers > 1) {
    const [first, second] = asArray(ownerReferences)
      .map((owner) => asObject(owner) ?? {})
      .filter((owner) => owner.controller === true)
    problems.push(
      problem.invalid(
        'metadata.ownerReferences',
        asArray(ownerReferences),
        `Only one reference can have Controller set to true. Found "true" in references for ${first?.kind}/${first?.name} and ${second?.kind}/${second?.name}`,
      ),
    )
  }
  return problems
}

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion']

function finalizerProblems({ finalizers }: Obj): Problem[] {
  const problems: Problem[] = []
  asArray(finalizers).forEach((finalizer, index) => {
    const name = String(finalizer)
    const field = `metadata.finalizers[${index}]`
    for (const text of qualifiedName(name)) problems.push(problem.invalid(field, name, text))
    if (!name.includes('/') && !standardFinalizers.includes(name)) {
      const rule = 'name is neither a standard finalizer name nor is it fully qualified'
      problems.push(problem.invalid(field, name, rule))
    }
  })
  const names = asArray(finalizers)
  if (names.includes('orphan') && names.includes('foregroundDeletion')) {
    const both = 'finalizer orphan and foregroundDeletion cannot be both set'
    problems.push(problem.invalid('metadata.finalizers', names, both))
  }
  return problems
}

/** What an update may not do to metadata. */
export function metadataUpdateProblems(object: Stored, old: Stored): Problem[] {
  const problems: Problem[] = []
  const now = object.metadata
  const before = old.metadata
  if (before.deletionTimestamp !== undefined) {
    const had = new Set(asArray(before.finalizers))
    const added = asArray(now.finalizers).filter((name) => !had.has(name))
    if (added.length > 0) {
      const shown = added.map((name) => JSON.stringify(name)).join(', ')
      problems.push(
        problem.forbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`,
        ),
      )
    }
  }
  for (const field of ['name', 'namespace', 'uid']) {
    const value = now[field] ?? ''
    if (value === (before[field] ?? '')) continue
    problems.push(problem.invalid(`metadata.${field}`, value, 'field is immutable'))
  }
  return problems
}
