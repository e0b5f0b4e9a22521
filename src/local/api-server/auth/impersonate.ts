/** Acting as somebody else: the `Impersonate-…` headers, each of which has to be allowed by the verb `impersonate`. */
import type { Machine, User } from '../machine.ts'
import { authorize } from '../rbac/enforce.ts'
import {
  accountGroups,
  accountOf,
  accountUserName,
  anonymous,
  authenticatedGroup,
  unauthenticatedGroup,
} from './users.ts'

/** A header that came several times has its values on lines of their own: no value can hold a line break. */
export const valueSeparator = '\n'

const prefix = 'impersonate-'
const extraPrefix = 'impersonate-extra-'

/** Thrown for headers that make no sense together; a kube-apiserver answers 500 in plain text. */
export class ImpersonationError extends Error {
  override readonly name = 'ImpersonationError'
}

type Wish =
  | { readonly kind: 'ServiceAccount'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'User' | 'Group' | 'UID'; readonly name: string }
  | { readonly kind: 'UserExtra'; readonly key: string; readonly name: string }

/**
 * The user that a request acts as: the one who sent it, unless headers say otherwise.
 * @throws ApiError 403 when it may not be impersonated, ImpersonationError.
 */
export function actingUser(
  machine: Machine,
  user: User,
  headers: Readonly<Record<string, string>>,
): User {
  let asked = false
  for (const name in headers) {
    if (name.startsWith(prefix)) asked = true
  }
  if (!asked) return user
  const wishes = wishesOf(headers)
  for (const wish of wishes) {
    authorize(machine, user, { kind: 'resource', verb: 'impersonate', ...targetOf(wish) })
  }
  return wishes.length === 0 ? user : impersonated(wishes)
}

function wishesOf(headers: Readonly<Record<string, string>>): readonly Wish[] {
  const wishes: Wish[] = []
  const user = valuesOf(headers[`${prefix}user`])[0] ?? ''
  const account = accountOf(user)
  if (account !== undefined) wishes.push({ kind: 'ServiceAccount', ...account })
  else if (user !== '') wishes.push({ kind: 'User', name: user })
  for (const name of valuesOf(headers[`${prefix}group`])) wishes.push({ kind: 'Group', name })
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith(extraPrefix)) continue
    const key = decoded(header.slice(extraPrefix.length))
    for (const name of valuesOf(value)) wishes.push({ kind: 'UserExtra', key, name })
  }
  const uid = valuesOf(headers[`${prefix}uid`])[0] ?? ''
  if (uid !== '') wishes.push({ kind: 'UID', name: uid })
  if (user === '' && wishes.length > 0) {
    const told = wishes.map(wishText).join(' ')
    throw new ImpersonationError(`requested [${told}] without impersonating a user`)
  }
  return wishes
}

function valuesOf(header: string | undefined): readonly string[] {
  return header === undefined ? [] : header.split(valueSeparator)
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

/** An object reference the way Go prints one. */
function wishText(wish: Wish): string {
  const version = wish.kind === 'UID' || wish.kind === 'UserExtra' ? 'authentication.k8s.io/v1' : ''
  const key = wish.kind === 'UserExtra' ? wish.key : ''
  return `{${wish.kind}  ${wish.name}  ${version}  ${key}}`
}

function targetOf(wish: Wish) {
  const place = { group: '', namespace: '', subresource: '', name: wish.name }
  switch (wish.kind) {
    case 'ServiceAccount':
      return { ...place, resource: 'serviceaccounts', namespace: wish.namespace }
    case 'User':
      return { ...place, resource: 'users' }
    case 'Group':
      return { ...place, resource: 'groups' }
    case 'UID':
      return { ...place, group: 'authentication.k8s.io', resource: 'uids' }
    case 'UserExtra':
      return {
        ...place,
        group: 'authentication.k8s.io',
        resource: 'userextras',
        subresource: wish.key,
      }
  }
}

function impersonated(wishes: readonly Wish[]): User {
  let [name, uid] = ['', '']
  let accountsGroups: readonly string[] = []
  const groups: string[] = []
  const extra: Record<string, string[]> = {}
  for (const wish of wishes) {
    if (wish.kind === 'ServiceAccount') {
      name = accountUserName(wish.namespace, wish.name)
      accountsGroups = accountGroups(wish.namespace)
    } else if (wish.kind === 'User') name = wish.name
    else if (wish.kind === 'UID') uid = wish.name
    else if (wish.kind === 'Group') groups.push(wish.name)
    else if (wish.kind === 'UserExtra') extra[wish.key] = [...(extra[wish.key] ?? []), wish.name]
  }
  return {
    name,
    ...(uid === '' ? {} : { uid }),
    groups: completed(name, groups.length > 0 ? groups : accountsGroups),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}

/** Whoever is impersonated counts as authenticated, unless it is said to be anonymous. */
function completed(name: string, groups: readonly string[]): readonly string[] {
  if (name === anonymous.name) {
    return groups.includes(unauthenticatedGroup) ? groups : [...groups, unauthenticatedGroup]
  }
  const said = groups.includes(authenticatedGroup) || groups.includes(unauthenticatedGroup)
  return said ? groups : [...groups, authenticatedGroup]
}
