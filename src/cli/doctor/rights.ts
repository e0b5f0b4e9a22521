/** Whether the controller's account may do what its doors do. */
import { accessReviews, type Deed } from '#http/may.ts'
import { CannotTell, type User } from '#http/sign-in.ts'
import { controllerRules, type PolicyRule } from '../rbac.ts'
import { type Check, type Finding, type Installed, ok, unknown, wrong } from './finding.ts'

export const rights: Check = {
  name: 'rights',
  examine: async ({ cluster, installed, doors }) => {
    if (installed === undefined) return []
    const about = `ServiceAccount ${installed.namespace}/${installed.serviceAccount}`
    const may = accessReviews(cluster)
    const user = accountOf(installed)
    const missing: string[] = []
    try {
      for (const deed of deedsOf(installed, doors)) {
        if (!(await may(user, deed))) missing.push(wordsOf(deed))
      }
    } catch (error) {
      if (!(error instanceof CannotTell)) throw error
      return [unknown(about, error.message)]
    }
    return [told(about, missing)]
  },
}

function told(about: string, missing: readonly string[]): Finding {
  if (missing.length === 0) return ok(about, 'may do all that its doors do')
  return wrong(
    about,
    `may not ${missing.join('; ')}`,
    'apply the roles of this version (deploy/kustomize or the chart), for the doors that are open',
  )
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

/** Where only one namespace is watched, rights there are enough. */
function deedsOf(
  { namespace, args }: Installed,
  doors: Parameters<typeof controllerRules>[0],
): readonly Deed[] {
  const { releases, lease } = controllerRules(doors)
  const only = args.find((arg) => arg.startsWith('--namespace='))?.slice('--namespace='.length)
  return [
    ...releases.flatMap((rule) => each(rule, only)),
    ...lease.flatMap((rule) => each(rule, namespace)),
  ]
}

function each(rule: PolicyRule, namespace: string | undefined): readonly Deed[] {
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

function wordsOf({ verb, resource, subresource, group, namespace }: Deed): string {
  const of = subresource === undefined ? resource : `${resource}/${subresource}`
  const where = namespace === undefined ? '' : ` in ${namespace}`
  return `${verb} ${of}${group === '' ? '' : `.${group}`}${where}`
}
