/** What a request is about to do, as admission sees it. */
import type { Obj } from '#core/schema/json.ts'
import type { Call, User } from '../machine.ts'
import type { Resource, Stored } from '../resource.ts'
import { isDryRun } from '../write/commit.ts'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

/** The kind of the object that travels; a subresource may have one of its own. */
export type ObjectKind = {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export type Subject = {
  readonly operation: Operation
  readonly resource: Resource
  readonly subresource: string
  readonly kind: ObjectKind
  readonly namespace: string
  /** Empty for an object whose name is still to be generated. */
  readonly name: string
  /** The options of the request, with kind and apiVersion. */
  readonly options: Obj
  readonly dryRun: boolean
  readonly user: User
}

/** The object a request brings, and the one that is there. */
export type Pair = { readonly object: Stored | undefined; readonly old: Stored | undefined }

const optionKinds: Readonly<Record<Operation, string>> = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
  CONNECT: '',
}

/** The subject of a call; `more` says what the call alone does not show. */
export function subjectOf(
  call: Call,
  operation: Operation,
  more: { readonly name?: string; readonly kind?: ObjectKind; readonly options?: Obj } = {},
): Subject {
  const { resource, subresource } = call
  const name = more.name ?? call.name
  return {
    operation,
    resource,
    subresource,
    kind: more.kind ?? resource,
    // A namespace counts as living in itself.
    namespace: resource.storage === 'namespaces' ? name : call.namespace,
    name,
    options: more.options ?? optionsOf(call, operation),
    dryRun: isDryRun(call),
    user: call.context.user,
  }
}

function optionsOf(call: Call, operation: Operation): Obj {
  const options: Obj = { kind: optionKinds[operation], apiVersion: 'meta.k8s.io/v1' }
  if (isDryRun(call)) options.dryRun = ['All']
  for (const field of ['fieldManager', 'fieldValidation']) {
    const value = call.query.get(field) ?? ''
    if (value !== '') options[field] = value
  }
  return options
}
