/** Every namespace has a ServiceAccount `default`. */
import { kinds } from '#core/k8s/kinds.ts'
import { isKube } from '#kube/errors.ts'
import { type Context, type Controller, queueFor } from './context.ts'
import type { Namespace } from './shapes.ts'

export function startServiceAccounts(context: Context): Controller {
  const { watches, cluster } = context
  const namespaces = watches.of<Namespace>(kinds.namespace)
  const accounts = watches.of(kinds.serviceAccount)
  const queue = queueFor(context, 'serviceaccount-controller', async (namespace) => {
    const found = namespaces.get(namespace)
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) return undefined
    if (accounts.get(`${namespace}/default`) !== undefined) return undefined
    const metadata = { name: 'default', namespace }
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata }
    try {
      await cluster.create(kinds.serviceAccount, account)
    } catch (error) {
      if (!isKube(error, 'AlreadyExists', 'NotFound', 'Forbidden')) throw error
    }
    return undefined
  })
  namespaces.subscribe(({ key }) => queue.add(key))
  accounts.subscribe((change) => {
    if (change.type !== 'gone') return
    const { name, namespace = '' } = change.before.metadata
    if (name === 'default') queue.add(namespace)
  })
  return { name: 'serviceaccount-controller', queue }
}
