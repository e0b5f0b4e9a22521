/** Records as the API answers them. Passwords and injected variables are no part of a record, so none can come back. */
import type { DeploymentRecord, DescriptorRecord, Status } from './kinds.ts'

const indent = 2

export function descriptorJson({ metadata, spec }: DescriptorRecord): string {
  const { created, lastModified, descriptor } = spec
  const { id: _id, created: _c, lastModified: _l, ...rest } = descriptor
  const body = { id: metadata.name, ...rest, created, lastModified }
  return JSON.stringify(body, null, indent)
}

/** A27. */
export function deploymentJson(
  { metadata, spec, status }: DeploymentRecord,
  shown: Status,
): string {
  const body = {
    id: metadata.name,
    created: spec.created,
    lastModified: status?.lastModified ?? spec.created,
    version: status?.version ?? '',
    status: shown,
    descriptor: spec.descriptor,
  }
  return JSON.stringify(body, null, indent)
}

export function listJson(items: readonly { readonly json: string }[]): string {
  return items.length === 0 ? '[]\n' : `[\n${items.map(({ json }) => json).join(',\n')}\n]\n`
}
