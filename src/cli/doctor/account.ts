/** As whom the controller asks, and the single deeds that rules allow it. */
import type { Deed } from '#http/may.ts'
import type { User } from '#http/sign-in.ts'
import type { PolicyRule } from '../rbac.ts'
import type { Installed } from './finding.ts'

export function accountName({ namespace, serviceAccount }: Installed): string {
  return `ServiceAccount ${namespace}/${serviceAccount}`
}

/** As whom the controller asks. */
export function accountOf({ namespace, serviceAccount }: Installed): User {
  return {
    name: `system:serviceaccount:${namespace}:${serviceAccount}`,
    groups: [
      'system:serviceaccounts',
      `system:serviceaccounts:${namespace}`,
      'system:authenticated',
    ],
  }
}

/** All that a rule allows, one by one. */
export function each(rule: PolicyRule, namespace: string | undefined): readonly Deed[] {
  const { apiGroups, resources, verbs, resourceNames = [undefined] } = rule
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) =>
        resourceNames.map((name) => deedOf({ group, resource, verb, name, namespace })),
      ),
    ),
  )
}

function deedOf(asked: {
  readonly group: string
  readonly resource: string
  readonly verb: string
  readonly name: string | undefined
  readonly namespace: string | undefined
}): Deed {
  const { group, verb, name, namespace } = asked
  const [resource = '', subresource] = asked.resource.split('/')
  return {
    group,
    verb,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  }
}
