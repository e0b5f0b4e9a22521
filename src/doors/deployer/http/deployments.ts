/** `/deployments` (A27–A35): what is asked for goes into records; the leader does it. */
import { isKube } from '#kube/errors.ts'
import type { Descriptor } from '../descriptor.ts'
import {
  type DeploymentRecord,
  type DescriptorRecord,
  deploymentKind,
  descriptorKind,
  type PodHealth,
  recordVersion,
} from '../kinds.ts'
import { labels, ofDoor, plainName } from '../names.ts'
import { found, type HeldDeployment, heldDeployment } from '../records.ts'
import { type Asked, type House, nowText } from './door-http.ts'
import { inOrder, newestOfEach, type Page, pageOf } from './page-of-list.ts'
import { badRequest, conflict, notFound } from './refusal.ts'

export type Deployments = {
  /** The id of the new one. */
  readonly deploy: (asked: Asked) => Promise<string>
  readonly redeploy: (asked: Asked) => Promise<string>
  readonly list: (asked: Asked) => Page<HeldDeployment>
  readonly get: (asked: Asked) => Promise<HeldDeployment>
  readonly logs: (asked: Asked) => Promise<string>
  readonly health: (asked: Asked) => Promise<readonly PodHealth[]>
  readonly undeploy: (asked: Asked) => Promise<void>
  readonly undeployAll: (asked: Asked) => Promise<void>
}

export function deployments(house: House): Deployments {
  return {
    deploy: (asked) => deploy(house, asked),
    redeploy: (asked) => redeploy(house, asked),
    list: ({ query }) => {
      const all = inOrder(matching(house, query.namespace(), query.text('appname')))
      const limit = query.count('limit')
      return pageOf(limit === undefined ? all : newestOfEach(all, limit), query)
    },
    get: (asked) => get(house, asked),
    logs: async (asked) => {
      await get(house, asked)
      return house.logs.text(asked.query.namespace(), asked.id)
    },
    health: async (asked) => (await stored(house, asked)).status?.health ?? [],
    undeploy: async (asked) => {
      const deleteRecord = asked.query.flag('deleteDeployment', false)
      await undeploy(house, await stored(house, asked), deleteRecord)
    },
    undeployAll: (asked) => undeployAll(house, asked),
  }
}

function matching(
  { records }: House,
  namespace: string,
  appName: string | undefined,
): readonly HeldDeployment[] {
  const name = appName === undefined ? undefined : plainName(appName)
  return [...records.deployments.values()].filter(
    (one) => one.metadata.namespace === namespace && (name === undefined || one.appName === name),
  )
}

async function stored({ ground }: House, { id, query }: Asked): Promise<DeploymentRecord> {
  const at = { namespace: query.namespace(), name: id }
  const record = await found(ground.cluster.get<DeploymentRecord>(deploymentKind, at))
  if (record === undefined) throw notFound()
  return record
}

async function get(house: House, asked: Asked): Promise<HeldDeployment> {
  const held = house.records.deployments.get(`${asked.query.namespace()}/${asked.id}`)
  return held ?? heldDeployment(await stored(house, asked))
}

async function deploy(house: House, { query }: Asked): Promise<string> {
  const namespace = query.namespace()
  const id = query.text('descriptorId')
  if (id === undefined) throw badRequest('the query parameter descriptorId is missing')
  const descriptor = await found(
    house.ground.cluster.get<DescriptorRecord>(descriptorKind, { namespace, name: id }),
  )
  if (descriptor === undefined) throw notFound()
  return begin(house, descriptor.spec.descriptor)
}

/** A33, AD20: a version of its own name that serves now would have to be replaced by itself. */
async function redeploy(house: House, asked: Asked): Promise<string> {
  const { spec } = await stored(house, asked)
  const { descriptor } = spec
  const running = matching(house, descriptor.namespace, spec.appName).find(
    (one) => one.recorded?.status === 'DEPLOYED',
  )
  const version = plainName(descriptor.newVersion)
  if (descriptor.newVersion !== '#' && running?.recorded?.version === version)
    throw conflict(
      `version ${version} of ${spec.appName} is running as deployment ${running.metadata.name}; undeploy it first, or give the descriptor another version`,
    )
  return begin(house, descriptor)
}

/** A27, A56: a record of its own with a copy of the descriptor. */
async function begin(house: House, descriptor: Descriptor): Promise<string> {
  const { ground, records } = house
  const { namespace, appName } = descriptor
  const id = ground.cluster.ports.newId()
  const record: DeploymentRecord = {
    apiVersion: recordVersion,
    kind: deploymentKind.kind,
    metadata: { name: id, namespace, labels: { ...ofDoor, [labels.app]: appName } },
    spec: { appName, created: nowText(house), descriptor },
  }
  const made = await ground.cluster.create<DeploymentRecord>(deploymentKind, record)
  await records.seen(records.deployments, made)
  return id
}

/** A34: what neither serves nor is on its way has nothing to undeploy. */
async function undeploy(
  house: House,
  record: DeploymentRecord,
  deleteRecord: boolean,
): Promise<void> {
  const { ground, records } = house
  const status = record.status?.status ?? 'DEPLOYING'
  if (!deleteRecord && (status === 'UNDEPLOYED' || status === 'FAILURE')) return
  const { name, namespace = 'default' } = record.metadata
  const asked = record.spec.undeploy
  const wanted = {
    at: asked?.at ?? nowText(house),
    deleteRecord: deleteRecord || asked?.deleteRecord === true,
  }
  try {
    const written = await ground.cluster.patch<DeploymentRecord>(
      deploymentKind,
      { namespace, name },
      'merge',
      { spec: { undeploy: wanted } },
    )
    await records.seen(records.deployments, written)
  } catch (error) {
    if (isKube(error, 'NotFound')) throw notFound()
    throw error
  }
}

/** A35: what is on its way is passed over. */
async function undeployAll(house: House, { query }: Asked): Promise<void> {
  const namespace = query.namespace()
  const appName = query.text('appname')
  if (appName === undefined) throw badRequest('the query parameter appname is missing')
  const withRunning = query.flag('undeploy', false)
  const going = matching(house, namespace, appName).filter(
    ({ status }) =>
      status === 'FAILURE' || status === 'UNDEPLOYED' || (withRunning && status === 'DEPLOYED'),
  )
  for (const { metadata } of going) {
    const at = { namespace, name: metadata.name }
    const record = await found(house.ground.cluster.get<DeploymentRecord>(deploymentKind, at))
    if (record !== undefined) await undeploy(house, record, true)
  }
}
