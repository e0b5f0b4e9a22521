/** What a fresh cluster holds before anybody wrote anything. */
import { asObject, type Obj } from '#core/schema/json.ts'
import { systemClasses } from './builtin/strategies/priority.ts'
import type { Handle } from './handle.ts'
import type { Machine, User } from './machine.ts'
import { type Prepared, preparedFrom, putPrepared, readRbacDefaults } from './rbac/bootstrap.ts'
import { clusterRoles, rbacGroup } from './rbac/objects.ts'

const server: User = {
  name: 'system:apiserver',
  groups: ['system:masters', 'system:authenticated'],
}
const namespaces = ['kube-system', 'kube-public', 'kube-node-lease', 'default']

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

/** A server with nothing in it. */
export type Empty = { readonly machine: Machine; readonly handle: Handle }

/**
 * Creates the namespaces, the Service of the API server itself, and the roles and bindings.
 * @param another Makes one more empty server, on which the roles are prepared the first time.
 */
export async function bootstrap({ machine, handle }: Empty, another: () => Empty): Promise<void> {
  await createNamespaces(handle)
  await create(handle, '/api/v1/namespaces/default/services', apiService)
  for (const one of systemClasses) {
    await create(handle, '/apis/scheduling.k8s.io/v1/priorityclasses', one)
  }
  prepared ??= prepare(another())
  putPrepared(machine, await prepared)
}

async function createNamespaces(handle: Handle): Promise<void> {
  for (const name of namespaces) {
    await create(handle, '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    })
  }
}

async function create(handle: Handle, path: string, body: Obj): Promise<void> {
  const headers = { 'content-type': 'application/json', 'user-agent': 'kube-apiserver' }
  const request = { method: 'POST' as const, path, headers, body: JSON.stringify(body) }
  const response = await handle(request, { user: server })
  if (response.status !== 201) throw new Error(`bootstrap of ${path} answered ${response.status}`)
}

/** The roles and bindings, which take a hundred requests to make, are the same in every cluster but for uid and time. */
let prepared: Promise<readonly Prepared[]> | undefined

const storages = [
  clusterRoles,
  `${rbacGroup}/clusterrolebindings`,
  `${rbacGroup}/roles`,
  `${rbacGroup}/rolebindings`,
]

async function prepare({ machine, handle }: Empty): Promise<readonly Prepared[]> {
  await createNamespaces(handle)
  for (const object of readRbacDefaults()) {
    const { namespace } = asObject(object.metadata) ?? {}
    const place = namespace === undefined ? '' : `/namespaces/${String(namespace)}`
    const plural = `${String(object.kind).toLowerCase()}s`
    await create(handle, `/apis/${rbacGroup}/v1${place}/${plural}`, object)
  }
  return preparedFrom(machine, storages)
}
