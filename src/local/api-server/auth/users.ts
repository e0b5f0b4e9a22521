/** Users that the server itself knows of, and the groups that it adds to them. */

import type { User } from '../machine.ts'
import { labelName, subdomainName } from '../names.ts'

/** Members may do everything; no role can take that away. */
export const mastersGroup = 'system:masters'
export const authenticatedGroup = 'system:authenticated'
export const unauthenticatedGroup = 'system:unauthenticated'

/** Whoever comes without credentials. */
export const anonymous: User = { name: 'system:anonymous', groups: [unauthenticatedGroup] }

/** Where a user's credential has its name, in `extra`. */
export const credentialIdKey = 'authentication.kubernetes.io/credential-id'

/** The user as a member of those who have shown who they are. */
export function withAuthenticated(user: User): User {
  const { groups } = user
  if (groups.includes(authenticatedGroup) || groups.includes(unauthenticatedGroup)) return user
  return { ...user, groups: [...groups, authenticatedGroup] }
}

const accountPrefix = 'system:serviceaccount:'

export function accountUserName(namespace: string, name: string): string {
  return `${accountPrefix}${namespace}:${name}`
}

export function accountGroups(namespace: string): readonly string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
}

/** A ServiceAccount as a user, as if it had come with a token. */
export function serviceAccount(namespace: string, name: string): User {
  return withAuthenticated({
    name: accountUserName(namespace, name),
    groups: accountGroups(namespace),
  })
}

/** The account that a user name is about; undefined for every other name. */
export function accountOf(
  userName: string,
): { readonly namespace: string; readonly name: string } | undefined {
  if (!userName.startsWith(accountPrefix)) return undefined
  const [namespace = '', name = '', ...rest] = userName.slice(accountPrefix.length).split(':')
  if (rest.length > 0) return undefined
  if (labelName(namespace).length > 0 || subdomainName(name).length > 0) return undefined
  return { namespace, name }
}
