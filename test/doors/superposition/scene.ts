/** The Superposition door on a local cluster, with the stand-in and the controller, and what tests say to it. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll } from 'vitest'
import type { Release } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { RunningFace } from '#doors/face.ts'
import { type Experiment, experimentKind } from '#doors/superposition/experiment.ts'
import { start } from '#doors/superposition/face.ts'
import { strictRules } from '#kube/address-guard.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import { isKube } from '#kube/errors.ts'
import { type Log, silentLog } from '#kube/log.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { type LocalSuperposition, startSuperposition } from '#local/superposition/start.ts'
import { watchUntil } from '../../../src/cli/wait.ts'
import { type Ground, localGround, openStage, type Stage } from '../../scenarios/stage.ts'

export type Scene = {
  readonly stage: Stage
  readonly cluster: Cluster
  readonly superposition: LocalSuperposition
  readonly records: Cache<Experiment>
  readonly releases: Cache<Release>
  /** Of the first listener. */
  readonly port: number
}

export type Answer = { readonly status: number; readonly body: unknown; readonly headers: Headers }

export type FaceOptions = {
  readonly options?: Readonly<Record<string, string | boolean | readonly string[]>>
  readonly env?: Readonly<Record<string, string>>
  readonly log?: Log
  readonly leads?: boolean
  readonly host?: string
  readonly namespace?: string
  /** What it all stands on; a local cluster where it is left out. */
  readonly ground?: () => Promise<Ground>
  /** The settle time that the router has by default, for a gateway that is not ours; else a short one. */
  readonly defaultSettle?: boolean
}

/** The route of the shop in mumbai, as its people write it. */
export async function writeRoute(cluster: Cluster): Promise<void> {
  await cluster.create<HttpRoute>(kinds.httpRoute, {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'shop-route', namespace: 'mumbai' },
    spec: {
      parentRefs: [{ name: 'gateway', namespace: 'default' }],
      hostnames: ['shop.mumbai'],
      rules: [{ backendRefs: [{ name: 'shop-service', port: 80 }] }],
    },
  })
}

/** One face more, in this thread. */
export async function startFace(
  stage: Stage,
  {
    options = {},
    env = {},
    log = silentLog,
    leads = true,
    host = '127.0.0.1',
    namespace,
  }: FaceOptions,
): Promise<{ readonly face: RunningFace; readonly stop: () => Promise<void> }> {
  const ports = systemPorts()
  const cluster = connectTo(stage.local.apiServer.transport(), ports)
  const face = await start({
    cluster,
    clock: ports.clock,
    reach: reachThrough({ cluster, way: 'proxy', rules: strictRules, direct: sendDirect }),
    log,
    address: { host, port: 0 },
    options,
    env,
    instance: 'test',
    ...(namespace === undefined ? {} : { namespace }),
  })
  if (leads) face.lead(() => true)
  return {
    face,
    stop: async () => {
      await face.stop()
      await cluster.close()
    },
  }
}

/** One scene for all tests of a file; to be asked for within a test. */
export function sharedScene(
  given: FaceOptions = {},
  namespaces = ['mumbai', 'delhi'],
): () => Scene {
  let scene: Scene | undefined
  const ends: (() => Promise<void>)[] = []
  beforeAll(async () => {
    const stage = await openStage(given.ground ?? localGround)
    ends.push(stage.stop)
    const superposition = await startSuperposition({ clock: systemPorts().clock })
    ends.push(superposition.stop)
    ends.push(stage.startController())
    const { cluster } = stage.local
    for (const name of namespaces)
      await cluster.create(kinds.namespace, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      })
    const env = { SUPERPOSITION_URL: superposition.url, ...given.env }
    const folder = await mkdtemp(join(tmpdir(), 'superposition-'))
    ends.push(() => rm(folder, { recursive: true, force: true }))
    const superpositionTemplates = join(folder, 'templates.yaml')
    await writeFile(superpositionTemplates, given.defaultSettle ? '{}\n' : 'settle: 500ms\n')
    const options = { superpositionTemplates, ...given.options }
    const { face, stop } = await startFace(stage, { ...given, env, options })
    ends.push(stop)
    const records = cluster.watch<Experiment>(experimentKind, {
      project: (object) => object as Experiment,
    })
    await records.synced()
    scene = { stage, cluster, superposition, records, releases: stage.releases, port: face.port }
  })
  afterAll(async () => {
    for (const end of ends.reverse()) await end()
  })
  return () => {
    if (scene === undefined) throw new Error('the scene opens before the first test, not earlier')
    return scene
  }
}

export async function post(
  port: number,
  event: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${port}/hi`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof event === 'string' ? event : JSON.stringify(event),
  })
  return { status: answer.status, headers: answer.headers, body: await answer.json() }
}

/** GET with a body, which fetch does not send. */
export function sendByGet(url: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'GET', headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.once('end', () => resolve(text))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/** The same by the real curl, in the document's own words. */
export async function sendByCurl(url: string, body: string): Promise<string> {
  const type = ['-H', 'Content-Type: application/json']
  const args = ['-sS', '-X', 'GET', url, ...type, '-d', body]
  return (await promisify(execFile)('curl', args)).stdout
}

export type Said = {
  readonly id?: string
  readonly workspace: string
  readonly event: string
  readonly namespace?: string
  readonly traffic?: number
  readonly variants?: Readonly<Record<string, 'CONTROL' | 'EXPERIMENTAL'>>
  readonly chosen?: string
  /** Seconds since some beginning. */
  readonly at: number
  readonly started?: boolean
  readonly configVersion?: string
}

const statuses: Readonly<Record<string, string>> = {
  ExperimentCreated: 'CREATED',
  ExperimentUpdated: 'CREATED',
  ExperimentStarted: 'INPROGRESS',
  ExperimentInprogress: 'INPROGRESS',
  ExperimentPaused: 'PAUSED',
  ExperimentConcluded: 'CONCLUDED',
  ExperimentDiscarded: 'DISCARDED',
}

const beginning = Date.UTC(2026, 10, 21, 10)

/** An event with everything in it that Superposition sends today. */
export function today(said: Said): unknown {
  const {
    id = '7300000000000000000',
    workspace,
    event,
    namespace = 'mumbai',
    traffic = 0,
    at,
  } = said
  const variants = said.variants ?? { control: 'CONTROL', blue: 'EXPERIMENTAL' }
  const instant = new Date(beginning + at * 1000).toISOString()
  return {
    event_info: {
      webhook_event: event,
      resource: 'experiment',
      action: event === 'ExperimentCreated' ? 'Create' : 'Update',
      time: instant.replace('T', ' ').replace('Z', '000 UTC'),
      workspace_id: workspace,
      organisation_id: 'localorg',
      config_version: said.configVersion ?? null,
    },
    payload: {
      id,
      created_at: '2026-11-20T09:00:00Z',
      created_by: 'ann@example.com',
      last_modified: instant,
      name: 'an experiment',
      experiment_type: 'DEFAULT',
      override_keys: ['container.image'],
      status: statuses[event],
      traffic_percentage: traffic,
      started_at: said.started === false ? null : '2026-11-21T10:00:00Z',
      started_by: 'ann@example.com',
      context: { namespace },
      variants: Object.entries(variants).map(([name, variant_type]) => ({
        id: `${id}-${name}`,
        variant_type,
        context_id: 'c',
        override_id: 'o',
        overrides: { 'container.image': `nginx:${name}` },
      })),
      last_modified_by: 'ann@example.com',
      chosen_variant: said.chosen === undefined ? null : `${id}-${said.chosen}`,
      description: 'd',
      change_reason: 'r',
      metrics: { enabled: false },
      metrics_url: null,
      experiment_group_id: null,
    },
  }
}

export async function untilRecord(
  { records }: Scene,
  key: string,
  holds: (record: Experiment) => boolean,
): Promise<Experiment> {
  await watchUntil(records, () => {
    const record = records.get(key)
    return record !== undefined && holds(record)
  })
  return records.get(key) as Experiment
}

/** Until the record has seen the last event and says so. */
export function untilPhase(scene: Scene, key: string, phase: string): Promise<Experiment> {
  return untilRecord(
    scene,
    key,
    ({ status, metadata }) =>
      status?.phase === phase && status.observedGeneration === metadata.generation,
  )
}

export async function found<T extends KubeObject>(
  { cluster }: Scene,
  kind: Kind,
  namespace: string,
  name: string,
): Promise<T | undefined> {
  try {
    return await cluster.get<T>(kind, { namespace, name })
  } catch (error) {
    if (isKube(error, 'NotFound')) return undefined
    throw error
  }
}
