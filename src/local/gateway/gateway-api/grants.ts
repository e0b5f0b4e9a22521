/** Whether a reference into another namespace is allowed there, by a ReferenceGrant. */
import type { ReferenceGrant } from './wire.ts'

type From = { readonly group: string; readonly kind: string; readonly namespace: string }
type To = From & { readonly name: string }

export type IsGranted = (from: From, to: To) => boolean

/** References within one namespace need no grant. */
export function grantCheck(grants: Iterable<ReferenceGrant>): IsGranted {
  const byNamespace = Map.groupBy(grants, ({ metadata }) => metadata.namespace ?? 'default')
  return (from, to) =>
    from.namespace === to.namespace ||
    (byNamespace.get(to.namespace) ?? []).some(
      ({ spec }) =>
        spec.from.some(
          ({ group, kind, namespace }) =>
            group === from.group && kind === from.kind && namespace === from.namespace,
        ) &&
        spec.to.some(
          ({ group, kind, name }) =>
            group === to.group && kind === to.kind && (name === undefined || name === to.name),
        ),
    )
}
