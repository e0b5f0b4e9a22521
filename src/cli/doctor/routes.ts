/** Whether the routes that releases split exist, and their gateways have taken them. */
import type { Gateway, HttpRoute } from '#core/k8s/gateway-api.ts'
import { kindOf, kinds } from '#core/k8s/kinds.ts'
import type { Condition, KubeObject, ObjectRef } from '#core/k8s/meta.ts'
import { routers } from '#core/traffic/register.ts'
import type { Cluster } from '#kube/cluster.ts'
import { orUndefined } from '#releases/entry.ts'
import { type Check, type Finding, ok, warning, wrong } from './finding.ts'

/** So many are looked at; a cluster with more has the same troubles in all of them. */
const most = 200

export const routes: Check = {
  name: 'routes',
  examine: async ({ cluster, entries }) => {
    const refs = new Map<string, ObjectRef>()
    for (const { app } of entries) {
      for (const ref of app === undefined ? [] : (routers[app.traffic.router]?.objects(app) ?? []))
        refs.set(`${ref.kind} ${ref.namespace}/${ref.name}`, ref)
    }
    const found = await Promise.all([...refs].slice(0, most).map((one) => findingOf(cluster, one)))
    return [...found, ...(await gatewayFindings(cluster))]
  },
}

async function findingOf(
  cluster: Cluster,
  [about, { apiVersion, kind, namespace = 'default', name }]: readonly [string, ObjectRef],
): Promise<Finding> {
  const object = await orUndefined(
    cluster.get<KubeObject>(kindOf(kind, apiVersion), { namespace, name }),
  )
  if (object === undefined)
    return wrong(about, 'it is not there', `create it, or name another one in traffic.route`)
  if (kind !== 'HTTPRoute' && kind !== 'GRPCRoute') return ok(about, 'is there')
  const parents = (object as HttpRoute).status?.parents ?? []
  if (parents.length === 0)
    return wrong(
      about,
      'no gateway has taken it',
      'look at its parentRefs: do they name a Gateway that takes routes of this namespace?',
    )
  const refused = parents.flatMap(({ conditions }) =>
    failing(conditions ?? [], ['Accepted', 'ResolvedRefs']),
  )
  const [first] = refused
  return first === undefined
    ? ok(about, 'accepted, with all it refers to')
    : wrong(
        about,
        `${first.type} is ${first.status}: ${first.message ?? first.reason}`,
        'mend what it says',
      )
}

/** All Gateways, where the cluster knows such a kind. */
async function gatewayFindings(cluster: Cluster): Promise<readonly Finding[]> {
  const list = await orUndefined(cluster.list<Gateway>(kinds.gateway, {}))
  return (list?.items ?? []).slice(0, most).map(({ metadata, status }) => {
    const about = `Gateway ${metadata.namespace}/${metadata.name}`
    const [bad] = failing(status?.conditions ?? [], ['Accepted', 'Programmed'])
    if (bad === undefined) return ok(about, 'programmed')
    return warning(
      about,
      `${bad.type} is ${bad.status}: ${bad.message ?? bad.reason}`,
      'see that its GatewayClass has a controller that runs',
    )
  })
}

function failing(conditions: readonly Condition[], types: readonly string[]): readonly Condition[] {
  return conditions.filter(({ type, status }) => types.includes(type) && status !== 'True')
}
