/** What a fresh cluster holds before anybody wrote anything. */
import type { Handle } from './handle.ts'
import type { User } from './machine.ts'

const server: User = {
  name: 'system:apiserver',
  groups: ['system:masters', 'system:authenticated'],
}
const namespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

const apiService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'kubernetes',
    namespace: 'default',
    labels: { component: 'apiserver', provider: 'kubernetes' },
  },
  spec: {
    type: 'ClusterIP',
    ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 6443 }],
    sessionAffinity: 'None',
    clusterIP: '10.96.0.1',
  },
}

/** Creates the namespaces and the Service of the API server itself. */
export async function bootstrap(handle: Handle): Promise<void> {
  const create = async (path: string, body: unknown): Promise<void> => {
    const headers = { 'content-type': 'application/json', 'user-agent': 'kube-apiserver' }
    const request = { method: 'POST' as const, path, headers, body: JSON.stringify(body) }
    const response = await handle(request, { user: server })
    if (response.status !== 201) throw new Error(`bootstrap of ${path} answered ${response.status}`)
  }
  for (const name of namespaces) {
    await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
  await create('/api/v1/namespaces/default/services', apiService)
}
