/** Brings the records of a dump into the cluster. What is there already stays as it is, so that it may be run again. */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { formatInstant, parseInstant } from '#core/time.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { type Descriptor, readDescriptor } from './descriptor.ts'
import type { Dump, DumpedRecord } from './dump.ts'
import {
  type DeploymentRecord,
  type DescriptorRecord,
  deploymentKind,
  descriptorKind,
  type LogChunk,
  logKind,
  recordVersion,
  type Status,
  statuses,
} from './kinds.ts'
import { addLines } from './log-lines.ts'
import { annotations, labels, ofDoor } from './names.ts'
import { passwordSecret } from './password.ts'

export type Imported = {
  readonly descriptors: number
  readonly deployments: number
  /** Records that were there already. */
  readonly known: number
  readonly problems: readonly string[]
}

/** One after the other: a problem with one is told and hurts no other. */
export async function importDump(cluster: Cluster, dump: Dump): Promise<Imported> {
  const counts = { descriptors: 0, deployments: 0, known: 0 }
  const problems = [...dump.problems]
  const each = async (
    records: readonly DumpedRecord[],
    what: 'descriptors' | 'deployments',
    act: (record: DumpedRecord) => Promise<boolean>,
  ): Promise<void> => {
    for (const record of records) {
      try {
        if (await act(record)) counts[what] += 1
        else counts.known += 1
      } catch (error) {
        problems.push(`${what} ${record.namespace}/${record.id}: ${(error as Error).message}`)
      }
    }
  }
  await each(dump.descriptors, 'descriptors', (record) => importDescriptor(cluster, record))
  await each(dump.deployments, 'deployments', (record) => importDeployment(cluster, dump, record))
  return { ...counts, problems }
}

type Understood = {
  readonly descriptor: Descriptor
  readonly password: string | undefined
  readonly created: string
  readonly lastModified: string
}

function understood({ namespace }: DumpedRecord, value: unknown, times: unknown): Understood {
  const reading = readDescriptor(value, { nameLimit: 63 })
  if (reading.kind === 'problems') throw new Error(reading.problems.join('; '))
  if (reading.descriptor.namespace !== namespace)
    throw new Error(`it says namespace ${reading.descriptor.namespace}`)
  const { created, lastModified } = (times ?? {}) as Record<string, unknown>
  return {
    descriptor: reading.descriptor,
    password: reading.password,
    created: plainTime(created),
    lastModified: plainTime(lastModified ?? created),
  }
}

// Go writes nanoseconds; the beginning of time stands for what nobody knows.
function plainTime(text: unknown): string {
  return formatInstant(parseInstant(typeof text === 'string' ? text : undefined) ?? 0)
}

function meta({ id, namespace }: DumpedRecord, appName: string): KubeObject['metadata'] {
  return { name: id.toLowerCase(), namespace, labels: { ...ofDoor, [labels.app]: appName } }
}

async function importDescriptor(cluster: Cluster, record: DumpedRecord): Promise<boolean> {
  const { descriptor, password, created, lastModified } = understood(
    record,
    record.value,
    record.value,
  )
  const made = await createOnce(cluster, descriptorKind, {
    apiVersion: recordVersion,
    kind: descriptorKind.kind,
    metadata: meta(record, descriptor.appName),
    spec: { appName: descriptor.appName, created, lastModified, descriptor },
  } as DescriptorRecord)
  if (made === undefined) return false
  if (password !== undefined && password !== '')
    await createOnce(cluster, kinds.secret, passwordSecret(made, password))
  return true
}

async function importDeployment(
  cluster: Cluster,
  dump: Dump,
  record: DumpedRecord,
): Promise<boolean> {
  const { value, namespace, id } = record
  const { descriptor, created, lastModified } = understood(record, value['descriptor'], value)
  const { appName } = descriptor
  const made = await createOnce(cluster, deploymentKind, {
    apiVersion: recordVersion,
    kind: deploymentKind.kind,
    metadata: { ...meta(record, appName), annotations: { [annotations.imported]: 'true' } },
    spec: { appName, created, descriptor },
  } as DeploymentRecord)
  if (made === undefined) return false
  const key = `${namespace}/${id}`
  const status = {
    status: statusOf(value['status']),
    version: String(value['version'] ?? ''),
    lastModified,
    health: dump.health.get(key) ?? [],
  }
  const at = { namespace, name: made.metadata.name }
  await cluster.patch(deploymentKind, at, 'merge', { status }, { subresource: 'status' })
  await importLog(cluster, made, dump.logs.get(key) ?? '')
  return true
}

/** Nobody works any more on what was under way. */
function statusOf(given: unknown): Status {
  const known = statuses.find((one) => one === given)
  return known === 'DEPLOYED' || known === 'UNDEPLOYED' ? known : 'FAILURE'
}

async function importLog(
  cluster: Cluster,
  { metadata }: DeploymentRecord,
  log: string,
): Promise<void> {
  const lines = log.split('\n').filter((line) => line !== '')
  if (lines.length === 0) return
  const { name, namespace = 'default', uid = '' } = metadata
  for (const [index, part] of addLines([], lines).entries())
    await createOnce(cluster, logKind, {
      apiVersion: recordVersion,
      kind: logKind.kind,
      metadata: {
        name: `${name}-${index}`,
        namespace,
        labels: { ...ofDoor, [labels.deployment]: name },
        ownerReferences: [{ apiVersion: recordVersion, kind: 'AppDeployment', name, uid }],
      },
      spec: { deployment: name, index, lines: part },
    } as LogChunk)
}

/** Undefined where the name is taken: it was brought over before. */
async function createOnce<T extends KubeObject>(
  cluster: Cluster,
  kind: Parameters<Cluster['create']>[0],
  object: T,
): Promise<T | undefined> {
  try {
    return await cluster.create<T>(kind, object)
  } catch (error) {
    if (isKube(error, 'AlreadyExists')) return undefined
    throw error
  }
}
