/** A local cluster whose clocks run fast, with this door's controller in this thread, and one CanaryApp to play with. */
import { afterAll, beforeAll } from 'vitest'
import { askThrough } from '#controller/ask.ts'
import { startController } from '#controller/controller.ts'
import { secretsOf } from '#controller/secrets.ts'
import { telemetry } from '#controller/telemetry.ts'
import type { VirtualService } from '#core/k8s/istio.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import type { CanaryApp, CanaryAppSpec } from '#doors/canaryapp/canary-app.ts'
import { canaryAppDoor } from '#doors/canaryapp/door.ts'
import { strictRules } from '#kube/address-guard.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import type { Transport } from '#kube/http.ts'
import { silentLog } from '#kube/log.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemClock, systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { type LocalCluster, startLocalCluster } from '#local/cluster.ts'
import { startTraffic, type Traffic } from '#local/traffic/traffic.ts'
import { watchUntil } from '../../../src/cli/wait.ts'
import { fewProcesses } from '../../scenarios/stage.ts'
import { sample } from './sample.ts'

/** The document's waits take minutes; its words stay as they are, the clocks run faster. */
const speed = 10

/** A local cluster, or a real one with our pods, gateway and Prometheus endpoint around it. */
export type Ground = {
  readonly cluster: Cluster
  readonly gateway: { readonly url: string }
  readonly apiServer: { readonly transport: () => Transport; readonly kubeconfig: () => string }
  /** Only where it is in this process. */
  readonly prometheus?: LocalCluster['prometheus']
  readonly stop: () => Promise<void>
}

export type Stage = {
  readonly local: Ground
  readonly apps: Cache<CanaryApp>
  readonly routes: Cache<VirtualService>
  readonly deployments: Cache<Workload>
  /** Ends at once, as a crash does: what is under way is not awaited. */
  readonly startController: (way?: (transport: Transport) => Transport) => Promise<Controlled>
  readonly stop: () => Promise<void>
}

export type Controlled = { readonly stop: () => Promise<void> }

function localGround(): Promise<Ground> {
  return startLocalCluster({ crds: canaryAppDoor.crds, followDelayMs: 50, speed, ...fewProcesses })
}

/** On another ground than ours the clocks run as they do everywhere. */
export async function openStage(ground?: () => Promise<Ground>): Promise<Stage> {
  const local = await (ground ?? localGround)()
  const { cluster } = local
  const apps = cluster.watch<CanaryApp>(kinds.canaryApp, {
    project: (object) => object as CanaryApp,
  })
  const routes = cluster.watch<VirtualService>(kinds.virtualService, {
    project: (object) => object as VirtualService,
  })
  const deployments = cluster.watch<Workload>(kinds.deployment, {
    project: (object) => object as Workload,
  })
  await Promise.all([apps.synced(), deployments.synced()])
  return {
    local,
    apps,
    routes,
    deployments,
    startController: (way = (transport) => transport) =>
      controllerOn(local, way, ground === undefined ? speed : 1),
    stop: local.stop,
  }
}

async function controllerOn(
  local: Ground,
  way: (transport: Transport) => Transport,
  times: number,
): Promise<Controlled> {
  const ports = systemPorts()
  const cluster = connectTo(way(local.apiServer.transport()), ports)
  const reach = reachThrough({ cluster, way: 'proxy', rules: strictRules, direct: sendDirect })
  const controller = startController({
    cluster,
    doors: [canaryAppDoor],
    clock: systemClock({ speed: times, startAt: await timeOf(local.cluster) }),
    ask: askThrough(reach, secretsOf(cluster)),
    log: silentLog,
    telemetry: telemetry('test'),
    instance: 'test',
  })
  controller.lead(() => true)
  return {
    stop: async () => {
      await controller.stop()
      await cluster.close()
    },
  }
}

/** What the cluster's fast clock shows, by what it writes on an object. */
export async function timeOf(cluster: Cluster): Promise<number> {
  const metadata = { generateName: 'time-', name: '', namespace: 'default' }
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata }
  const { metadata: made } = await cluster.create<KubeObject>(kinds.configMap, object)
  await cluster.remove(kinds.configMap, { namespace: 'default', name: made.name })
  // It is written in whole seconds.
  return Date.parse(made.creationTimestamp ?? '') + 500
}

/** One stage with its controller for all tests of a file. */
export function sharedStage(ground?: () => Promise<Ground>): () => Stage {
  let stage: Stage | undefined
  let controller: Controlled | undefined
  beforeAll(async () => {
    stage = await openStage(ground)
    controller = await stage.startController()
  })
  afterAll(async () => {
    await controller?.stop()
    await stage?.stop()
  })
  return () => {
    if (stage === undefined) throw new Error('the stage opens before the first test, not earlier')
    return stage
  }
}

/** One CanaryApp, by its name; each has a host of its own unless it asks for others. */
export class Actor {
  readonly name: string
  readonly #stage: Stage
  /** Weights of the secondary in the VirtualService, one after another. */
  readonly weights: number[] = []

  constructor(stage: Stage, name: string) {
    this.#stage = stage
    this.name = name
    stage.routes.subscribe(({ key }) => {
      if (key === `default/${name}`) this.#note()
    })
  }

  get cluster(): Cluster {
    return this.#stage.local.cluster
  }

  get host(): string {
    return `${this.name}.example.com`
  }

  get at(): { readonly namespace: string; readonly name: string } {
    return { namespace: 'default', name: this.name }
  }

  get app(): CanaryApp | undefined {
    return this.#stage.apps.get(`default/${this.name}`)
  }

  get route(): VirtualService | undefined {
    return this.#stage.routes.get(`default/${this.name}`)
  }

  /** The weight of the secondary in the VirtualService of the gateway, or in that of the mesh. */
  weightOf(which: 'route' | 'mesh' = 'route'): number | undefined {
    const rule = (which === 'route' ? this.route : this.mesh)?.spec?.http?.[0]
    return rule?.route?.find(({ destination }) => destination.subset === 'secondary')?.weight
  }

  get mesh(): VirtualService | undefined {
    return this.#stage.routes.get(`default/${this.name}-mesh`)
  }

  deployment(role: 'primary' | 'secondary'): Workload | undefined {
    return this.#stage.deployments.get(`default/${this.name}-${role}`)
  }

  imageOf(role: 'primary' | 'secondary'): string | undefined {
    return this.deployment(role)?.spec.template.spec.containers[0]?.image
  }

  #note(): void {
    const weight = this.weightOf()
    if (weight !== undefined && weight !== this.weights.at(-1)) this.weights.push(weight)
  }

  async install(spec: Partial<CanaryAppSpec> = {}): Promise<void> {
    const query = sample().spec.prometheusQuery.replaceAll('canaryapp-sample', this.name)
    const own = { hosts: [this.host], prometheusQuery: query, ...spec }
    const { apiVersion, kind, spec: all } = sample(own, { name: this.name })
    await this.cluster.create<CanaryApp>(kinds.canaryApp, {
      apiVersion,
      kind,
      metadata: this.at,
      spec: all,
    })
    await this.until(({ status }) => status?.successfulRelease === true)
  }

  async patch(spec: Partial<CanaryAppSpec>): Promise<void> {
    const { metadata } = await this.cluster.patch<CanaryApp>(kinds.canaryApp, this.at, 'merge', {
      spec,
    })
    const generation = metadata.generation ?? 0
    await this.until((app) => (app.metadata.generation ?? 0) >= generation)
  }

  async annotate(name: string, value: string): Promise<void> {
    await this.cluster.patch(kinds.canaryApp, this.at, 'merge', {
      metadata: { annotations: { [name]: value } },
    })
  }

  until(holds: (app: CanaryApp) => boolean): Promise<void> {
    return watchUntil(this.#stage.apps, () => this.app !== undefined && holds(this.app))
  }

  /** Until an image serves and nothing is on trial, with nothing left of the test. */
  async serves(image: string): Promise<void> {
    await this.until(
      ({ status, metadata }) =>
        status?.primaryImage === image &&
        status.testedImage === undefined &&
        status.observedGeneration === metadata.generation,
    )
    await this.untilDeployments(() => this.deployment('secondary') === undefined)
  }

  untilDeployments(holds: () => boolean): Promise<void> {
    return watchUntil(this.#stage.deployments, holds)
  }

  untilRoutes(holds: () => boolean): Promise<void> {
    return watchUntil(this.#stage.routes, holds)
  }

  /** Until the VirtualService gives the secondary so much. */
  untilWeight(weight: number): Promise<void> {
    return this.untilRoutes(() => this.weightOf() === weight)
  }

  /** Steady requests through the gateway. */
  traffic(path = '/hello', perSecond = 15, host = this.host): Traffic {
    const url = `${this.#stage.local.gateway.url}${path}`
    return startTraffic({ url, host, perSecond, clock: systemClock() })
  }

  async ask(path: string, host = this.host): Promise<{ status: number; body: string }> {
    const { request } = await import('undici')
    const answer = await request(`${this.#stage.local.gateway.url}${path}`, { headers: { host } })
    return { status: answer.statusCode, body: (await answer.body.text()).trim() }
  }
}
