/** The leader's word on a record: durable before anything is done that depends on it. */
import { formatInstant } from '#core/time.ts'
import { type DeploymentRecord, type DeploymentStatus, deploymentKind } from '../kinds.ts'
import { type Case, mustLead } from './work.ts'

/** Members that are undefined go. */
type Changes = { readonly [Name in keyof DeploymentStatus]?: DeploymentStatus[Name] | undefined }

export async function writeStatus(given: Case, changes: Changes): Promise<DeploymentRecord> {
  const { work, key, record } = given
  mustLead(work)
  const { name, namespace = 'default' } = record.metadata
  const lastModified = formatInstant(work.clock.now())
  const status = record.status?.status ?? 'DEPLOYING'
  // Only what changes: members that were written meanwhile stay.
  const said = Object.fromEntries(
    Object.entries({ status, ...changes, lastModified }).map(([member, value]) => [
      member,
      value ?? null,
    ]),
  )
  const written = await work.cluster.patch<DeploymentRecord>(
    deploymentKind,
    { namespace, name },
    'merge',
    { status: said },
    { subresource: 'status' },
  )
  work.own.wrote(key, work.records.deployments, written)
  return written
}
