/** A local cluster with KULTA's definition and a controller in this thread, and the moves that its stories are told in. */
import { readFileSync } from 'node:fs'
import { request } from 'undici'
import { afterAll, beforeAll, onTestFailed } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { askThrough } from '#controller/ask.ts'
import { startController } from '#controller/controller.ts'
import type { Sink } from '#controller/outbox/sink.ts'
import { secretsOf } from '#controller/secrets.ts'
import { telemetry } from '#controller/telemetry.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kindOf, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { ReplicaSet } from '#core/k8s/workloads.ts'
import type { Door } from '#doors/door.ts'
import { kultaWith } from '#doors/kulta/door.ts'
import type { Settings } from '#doors/kulta/read.ts'
import type { Rollout } from '#doors/kulta/rollout.ts'
import type { RolloutStatus } from '#doors/kulta/status.ts'
import { strictRules } from '#kube/address-guard.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import { silentLog } from '#kube/log.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { startLocalCluster } from '#local/cluster.ts'
import { startTraffic, type Traffic } from '#local/traffic/traffic.ts'
import { watchUntil } from '../../../src/cli/wait.ts'
import { fewProcesses, type Ground } from '../../scenarios/stage.ts'

/** As KULTA_PROMETHEUS_ADDRESS would name it. */
const prometheus = 'http://prometheus.monitoring.svc:9090'

export type KultaStage = {
  readonly local: Ground
  readonly rollouts: Cache<Rollout & { readonly status?: RolloutStatus }>
  readonly routes: Cache<HttpRoute>
  readonly sets: Cache<ReplicaSet>
  readonly speed: number
}

export type StageOptions = {
  /** How many times as fast all clocks run: for long pauses. */
  readonly speed?: number
  readonly settings?: Settings
  readonly sinks?: (cluster: Cluster) => readonly Sink[]
  /** Another cluster than a local one; its clocks run as they do everywhere. */
  readonly ground?: () => Promise<Ground>
  /** Left out, KULTA's alone. */
  readonly crds?: readonly KubeObject[]
}

/** One stage with its controller for all tests of a file; to be asked for within a test. */
export function kultaStage(options: StageOptions = {}): () => KultaStage {
  let stage: KultaStage | undefined
  let stop = async (): Promise<void> => {}
  beforeAll(async () => {
    stage = await open(options)
    stop = controllerOn(stage.local, options)
  })
  afterAll(async () => {
    await stop()
    await stage?.local.stop()
  })
  return () => {
    if (stage === undefined) throw new Error('the stage opens before the first test, not earlier')
    return stage
  }
}

const gatewayDelayMs = 50

/** The cluster without a controller. */
export async function open({ speed = 1, ground, ...given }: StageOptions): Promise<KultaStage> {
  const { crds = kultaWith({}).crds } = given
  // As many real milliseconds as without speed: a machine under load is late by some.
  const started = (): Promise<Ground> =>
    startLocalCluster({ crds, followDelayMs: gatewayDelayMs * speed, speed, ...fewProcesses })
  const local = await (ground ?? started)()
  const { cluster } = local
  const rollouts = cluster.watch<Rollout & { status?: RolloutStatus }>(kinds.rollout)
  const routes = cluster.watch<HttpRoute>(kinds.httpRoute)
  const sets = cluster.watch<ReplicaSet>(kinds.replicaSet)
  await Promise.all([rollouts.synced(), routes.synced(), sets.synced()])
  return { local, rollouts, routes, sets, speed }
}

export function controllerOn(
  local: Ground,
  { settings, speed = 1, sinks }: StageOptions,
): () => Promise<void> {
  const ports = systemPorts({ speed })
  const cluster = connectTo(local.apiServer.transport(), systemPorts())
  const controller = startController({
    cluster,
    doors: [followed(kultaWith({ prometheus, ...settings }), speed)],
    clock: ports.clock,
    ask: askThrough(
      reachThrough({ cluster, way: 'proxy', rules: strictRules, direct: sendDirect }),
      secretsOf(cluster),
    ),
    ...(sinks === undefined ? {} : { sinks: sinks(cluster) }),
    log: silentLog,
    telemetry: telemetry('test'),
    instance: 'test',
  })
  controller.lead(() => true)
  return async () => {
    await controller.stop()
    await cluster.close()
  }
}

/** The gateway is as late in real time as without speed, so that it has to be waited for the longer on hurried clocks. */
function followed(door: Door, speed: number): Door {
  return {
    ...door,
    read: (object, lookup) => {
      const result = door.read(object, lookup)
      if (result.kind !== 'app') return result
      const traffic = { ...result.app.traffic, settleMs: 3 * gatewayDelayMs * speed }
      return { ...result, app: { ...result.app, traffic } }
    },
  }
}

/** One Rollout and what it stands on, in a namespace of its own. */
export class Player {
  readonly namespace: string
  readonly name: string
  readonly #stage: KultaStage
  readonly host: string

  constructor(
    stage: KultaStage,
    namespace: string,
    name = 'my-app',
    host = `${namespace}.example.com`,
  ) {
    this.#stage = stage
    this.namespace = namespace
    this.name = name
    this.host = host
  }

  get rollout(): (Rollout & { readonly status?: RolloutStatus }) | undefined {
    return this.#stage.rollouts.get(`${this.namespace}/${this.name}`)
  }

  get status(): RolloutStatus {
    return this.rollout?.status ?? {}
  }

  /** A story that fails tells where its Rollout stood. */
  async open(): Promise<void> {
    onTestFailed(() => {
      process.stderr.write(`${JSON.stringify(this.rollout, undefined, 1)}\n`)
    })
    await this.#stage.local.cluster.create(kinds.namespace, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: this.namespace },
    })
  }

  /** The objects of a manifest, as they are but for their namespace and the host of this story. */
  async apply(
    path: string,
    change: (object: KubeObject) => KubeObject = same,
    only?: string,
  ): Promise<void> {
    for (const document of parseAllDocuments(readFileSync(path, 'utf8'))) {
      const object = change(document.toJS() as KubeObject)
      if (only === undefined || object.kind === only) await this.create(object)
    }
  }

  async create(object: KubeObject): Promise<KubeObject> {
    const { kind, apiVersion, metadata } = object
    const hosted = JSON.parse(
      JSON.stringify(object).replaceAll('my-app.example.com', this.host),
    ) as KubeObject
    return await this.#stage.local.cluster.create(kindOf(kind, apiVersion), {
      ...hosted,
      metadata: { ...metadata, namespace: this.namespace },
    })
  }

  async patch(body: unknown): Promise<void> {
    const at = { namespace: this.namespace, name: this.name }
    const cluster = this.#stage.local.cluster
    const { metadata } = await cluster.patch<KubeObject>(kinds.rollout, at, 'merge', body)
    await this.until((one) => (one.metadata.generation ?? 0) >= (metadata.generation ?? 0))
  }

  annotate(key: string, value: string): Promise<void> {
    return this.patch({ metadata: { annotations: { [key]: value } } })
  }

  annotation(key: string): string | undefined {
    return this.rollout?.metadata.annotations?.[key]
  }

  async image(version: string): Promise<void> {
    const { name } = this.rollout?.spec.template.spec.containers[0] ?? { name: 'app' }
    const container = { ...this.rollout?.spec.template.spec.containers[0], name }
    const containers = [{ ...container, image: `myregistry/myapp:${version}` }]
    await this.patch({ spec: { template: { spec: { containers } } } })
  }

  async remove(): Promise<void> {
    const at = { namespace: this.namespace, name: this.name }
    await this.#stage.local.cluster.remove(kinds.rollout, at)
  }

  async until(holds: (rollout: Rollout & { readonly status?: RolloutStatus }) => boolean) {
    await watchUntil(this.#stage.rollouts, () => this.rollout !== undefined && holds(this.rollout))
  }

  async untilGone(): Promise<void> {
    await watchUntil(this.#stage.rollouts, () => this.rollout === undefined)
  }

  /** Until the spec as it is now has come to this phase. */
  async comesTo(phase: string, also: (status: RolloutStatus) => boolean = () => true) {
    await this.until(
      ({ metadata, status }) =>
        status?.phase === phase &&
        status.observedGeneration === metadata.generation &&
        also(status),
    )
  }

  /** Pods asked for, by ReplicaSet. */
  sets(): Record<
    string,
    { replicas: number; image: string; labels: KubeObject['metadata']['labels'] }
  > {
    const own = [...this.#stage.sets.values()].filter(
      ({ metadata }) => metadata.namespace === this.namespace,
    )
    return Object.fromEntries(
      own.map(({ metadata, spec }) => [
        metadata.name,
        {
          replicas: spec.replicas ?? 0,
          image: spec.template.spec.containers[0]?.image?.split(':')[1] ?? '',
          labels: metadata.labels,
        },
      ]),
    )
  }

  replicas(): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.sets())
        .filter(([, { replicas }]) => replicas > 0)
        .map(([name, { replicas }]) => [name, replicas]),
    )
  }

  async untilReplicas(wanted: Record<string, number>): Promise<void> {
    const sorted = (all: Record<string, number>): string =>
      JSON.stringify(Object.entries(all).sort())
    await watchUntil(this.#stage.sets, () => sorted(this.replicas()) === sorted(wanted))
  }

  route(name = 'my-app-route'): HttpRoute | undefined {
    return this.#stage.routes.get(`${this.namespace}/${name}`)
  }

  /** Weights of the first rule, by Service. */
  weights(rule = 0): Record<string, number> {
    const refs = this.route()?.spec.rules?.[rule]?.backendRefs ?? []
    return Object.fromEntries(refs.map(({ name, weight }) => [name, weight ?? 1]))
  }

  async untilWeights(wanted: Record<string, number>): Promise<void> {
    const text = JSON.stringify(wanted)
    await watchUntil(this.#stage.routes, () => JSON.stringify(this.weights()) === text)
  }

  async get(headers: Record<string, string> = {}, host = this.host) {
    const {
      body,
      headers: answered,
      statusCode,
    } = await request(`${this.#stage.local.gateway.url}/hello`, { headers: { host, ...headers } })
    return { status: statusCode, text: await body.text(), version: String(answered['x-version']) }
  }

  /** The versions that answer so many requests. */
  async versions(headers: Record<string, string> = {}, host = this.host): Promise<Set<string>> {
    const all = await Promise.all(Array.from({ length: 20 }, () => this.get(headers, host)))
    return new Set(all.map(({ version }) => version))
  }

  traffic(perSecond = 10): Traffic {
    return startTraffic({
      url: `${this.#stage.local.gateway.url}/hello`,
      host: this.host,
      perSecond,
      // What is slow for a moment brings no burst.
      atOnce: 4,
      clock: systemPorts().clock,
    })
  }
}

function same(object: KubeObject): KubeObject {
  return object
}
