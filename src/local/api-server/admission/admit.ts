/** What stands between a decoded object and its creation, beyond the rules of its kind. */
import { at } from '#core/schema/json.ts'
import type { Call } from '../machine.ts'
import type { Stored } from '../resource.ts'
import { ApiError, forbidden, notFound } from '../status.ts'

/** Throws a 404 or 403 when the object's namespace cannot take it. */
export function admitCreate(call: Call, object: Stored): void {
  const { resource, machine, namespace } = call
  if (!resource.namespaced) return
  const namespaces = machine.registry.find('v1', 'namespaces')
  if (namespaces === undefined) return
  const entry = machine.store.get('namespaces', namespace)
  if (entry === undefined) throw notFound(namespaces, namespace)
  const home = machine.views.of(namespaces, entry)
  if (at(home, 'status', 'phase') !== 'Terminating') return
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const refused = forbidden(resource, String(object.metadata.name ?? ''), why)
  const details = {
    ...(refused.status.details as object),
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  }
  throw new ApiError(403, 'Forbidden', refused.message, details)
}
