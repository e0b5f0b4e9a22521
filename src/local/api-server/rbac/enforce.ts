/** Authorization of requests: passes in silence, or throws the 403 of a kube-apiserver. */
import type { Machine, User } from '../machine.ts'
import { type ApiError, denied } from '../status.ts'
import { type Attributes, attributesOf } from './attributes.ts'
import { authorizerOf, isMaster } from './authorizer.ts'

/** Throws a 403 when the user may not do what a request asks. */
export function authorizeRequest(
  machine: Machine,
  user: User,
  request: { readonly method: string; readonly path: string; readonly query: URLSearchParams },
): void {
  // Reading the path would be the larger part of the work.
  if (isMaster(user)) return
  authorize(machine, user, attributesOf(request.method, request.path, request.query))
}

/** Throws a 403 when the user may not do this. */
export function authorize(machine: Machine, user: User, asked: Attributes): void {
  const { allowed, reason } = authorizerOf(machine).authorize(user, asked)
  if (!allowed) throw refusalOf(user, asked, reason)
}

function refusalOf(user: User, asked: Attributes, reason: string): ApiError {
  const why = `${escaped(refusalText(user, asked))}${reason === '' ? '' : `: ${reason}`}`
  if (asked.kind === 'path') return denied(undefined, '', why)
  const { group, resource, name } = asked
  return denied({ group, plural: resource, kind: '' }, name, why)
}

function refusalText({ name }: User, asked: Attributes): string {
  const who = `User ${JSON.stringify(name)} cannot ${asked.verb}`
  if (asked.kind === 'path') return `${who} path ${JSON.stringify(asked.path)}`
  const { resource, subresource, group, namespace } = asked
  const what = subresource === '' ? resource : `${resource}/${subresource}`
  const where =
    namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`
  return `${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`
}

/** Nothing that a client wrote into a path shall look like a web page. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
