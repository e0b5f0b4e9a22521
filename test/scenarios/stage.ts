/** A cluster with real pods and a controller in this thread, and the moves that scenarios are told in. */
import { afterAll, beforeAll } from 'vitest'
import { askThrough } from '#controller/ask.ts'
import { startController } from '#controller/controller.ts'
import { secretsOf } from '#controller/secrets.ts'
import { telemetry } from '#controller/telemetry.ts'
import { writeAction } from '#core/api/action.ts'
import type { Release, ReleaseSpec } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { ReplicaSet } from '#core/k8s/workloads.ts'
import type { Verb } from '#core/model/app.ts'
import { annotations } from '#core/render/names.ts'
import { definitions } from '#doors/definitions.ts'
import { doors } from '#doors/register.ts'
import { strictRules } from '#kube/address-guard.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import type { Transport } from '#kube/http.ts'
import { silentLog } from '#kube/log.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { startLocalCluster } from '#local/cluster.ts'
import { watchUntil } from '../../src/cli/wait.ts'

/** What a stage stands on: a local cluster, or a real one with our pods, gateway and Prometheus endpoint around it. */
export type Ground = {
  readonly cluster: Cluster
  readonly gateway: {
    readonly url: string
    /** Of the Gateway object that routes name. Default: the local gateway's. */
    readonly name?: string
  }
  readonly apiServer: { readonly transport: () => Transport; readonly kubeconfig: () => string }
  readonly stop: () => Promise<void>
}

export type Stage = {
  readonly local: Ground
  readonly releases: Cache<Release>
  readonly routes: Cache<HttpRoute>
  readonly sets: Cache<ReplicaSet>
  readonly startController: () => () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Most pods of a stage share a process: to start one for each is a fifth of what its stories cost. */
export const fewProcesses = { ownProcesses: 2 }

export async function localGround(
  pods: { readonly ownProcesses?: number } = fewProcesses,
): Promise<Ground> {
  return startLocalCluster({ crds: definitions, followDelayMs: 50, ...pods })
}

/** A process for each pod, as in a cluster: for what is shown under load. */
export function apartGround(): Promise<Ground> {
  return localGround({})
}

export async function openStage(ground: () => Promise<Ground> = localGround): Promise<Stage> {
  const local = await ground()
  const { cluster } = local
  const releases = cluster.watch<Release>(kinds.release, { project: (object) => object as Release })
  const routes = cluster.watch<HttpRoute>(kinds.httpRoute, {
    project: (object) => object as HttpRoute,
  })
  const sets = cluster.watch<ReplicaSet>(kinds.replicaSet, {
    project: (object) => object as ReplicaSet,
  })
  await Promise.all([releases.synced(), routes.synced(), sets.synced()])
  return {
    local,
    releases,
    routes,
    sets,
    startController: () => controllerOn(local),
    stop: () => local.stop(),
  }
}

/** One stage with its controller for all tests of a file, or of a `describe`; to be asked for within a test. */
export function sharedStage(ground?: () => Promise<Ground>): () => Stage {
  let stage: Stage | undefined
  let stopController = async (): Promise<void> => {}
  beforeAll(async () => {
    stage = await openStage(ground)
    stopController = stage.startController()
  })
  afterAll(async () => {
    await stopController()
    await stage?.stop()
  })
  return () => {
    if (stage === undefined) throw new Error('the stage opens before the first test, not earlier')
    return stage
  }
}

function controllerOn(local: Ground): () => Promise<void> {
  const ports = systemPorts()
  const cluster = connectTo(local.apiServer.transport(), ports)
  const controller = startController({
    cluster,
    doors,
    clock: ports.clock,
    ask: askThrough(
      reachThrough({ cluster, way: 'proxy', rules: strictRules, direct: sendDirect }),
      secretsOf(cluster),
    ),
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

/** One release on the stage, by its name. */
export class Actor {
  readonly name: string
  readonly #stage: Stage

  constructor(stage: Stage, name: string) {
    this.#stage = stage
    this.name = name
  }

  get release(): Release | undefined {
    return this.#stage.releases.get(`default/${this.name}`)
  }

  /** Reason and sentence that the release shows. */
  get reason(): { readonly type: string; readonly message: string } {
    const { type = '', message = '' } = this.release?.status?.reason ?? {}
    return { type, message }
  }

  get canaryWeight(): number {
    const route = this.#stage.routes.get(`default/${this.name}`)
    return route?.spec.rules?.[0]?.backendRefs?.[1]?.weight ?? 0
  }

  /** Pods asked for, by image tag, of the ReplicaSets that want any. */
  pods(): Record<string, number> {
    const own = [...this.#stage.sets.values()].filter(
      ({ metadata, spec }) =>
        metadata.labels?.['headgate.dev/release'] === this.name && (spec.replicas ?? 0) > 0,
    )
    return Object.fromEntries(
      own.map(({ spec }) => [
        spec.template.spec.containers[0]?.image?.split(':')[1] ?? '',
        spec.replicas ?? 0,
      ]),
    )
  }

  async install(version: string, spec: Partial<ReleaseSpec>): Promise<void> {
    const { cluster, gateway } = this.#stage.local
    const backendRefs = [`${this.name}-stable`, `${this.name}-canary`].map((name, index) => ({
      name,
      port: 80,
      weight: index === 0 ? 100 : 0,
    }))
    await cluster.create<HttpRoute>(kinds.httpRoute, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: this.name, namespace: 'default' },
      spec: {
        parentRefs: [{ name: gateway.name ?? 'gateway' }],
        hostnames: [`${this.name}.example.com`],
        rules: [{ backendRefs }],
      },
    })
    await this.installRelease(version, spec)
  }

  /** The release alone, on a route that stands already. */
  async installRelease(version: string, spec: Partial<ReleaseSpec>): Promise<void> {
    await this.#stage.local.cluster.create<Release>(kinds.release, {
      apiVersion: 'headgate.dev/v1alpha1',
      kind: 'Release',
      metadata: { name: this.name, namespace: 'default' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: this.name } },
        template: this.template(version),
        services: { stable: `${this.name}-stable`, candidate: `${this.name}-canary` },
        traffic: { route: this.name },
        strategy: { canary: { steps: [{ weight: 50 }] } },
        ...spec,
      },
    })
  }

  /** A pod template whose pods answer as this version. */
  template(version: string): ReleaseSpec['template'] {
    return {
      metadata: { labels: { app: this.name } },
      spec: {
        containers: [
          {
            name: 'app',
            image: `example/${this.name}:${version}`,
            ports: [{ containerPort: 8080 }],
          },
        ],
      },
    }
  }

  async ask(version: string): Promise<void> {
    await this.change({ template: this.template(version) })
  }

  /** Somebody changes the spec. */
  async change(spec: Partial<ReleaseSpec>): Promise<void> {
    const body = { spec }
    const at = { namespace: 'default', name: this.name }
    const { metadata } = await this.#stage.local.cluster.patch<Release>(
      kinds.release,
      at,
      'merge',
      body,
    )
    // The answer of a write overtakes the watch: what the cache shows now may still be the release before.
    await this.until((release) => (release.metadata.generation ?? 0) >= (metadata.generation ?? 0))
  }

  /** Says a verb about what the release shows now. */
  async command(verb: Verb): Promise<void> {
    const { metadata, status } = this.release as Release
    const action = writeAction({
      id: `${verb}-${metadata.resourceVersion}`,
      verb,
      uid: metadata.uid ?? '',
      revision:
        status?.trials?.[0]?.revision ??
        status?.failed?.[0]?.revision ??
        status?.stable?.revision ??
        '',
      step: status?.step?.index,
      by: 'ann',
    })
    const body = { metadata: { annotations: { [annotations.action]: action } } }
    await this.#stage.local.cluster.patch(
      kinds.release,
      { namespace: 'default', name: this.name },
      'merge',
      body,
    )
  }

  async until(holds: (release: Release) => boolean): Promise<void> {
    await watchUntil(this.#stage.releases, () => this.release !== undefined && holds(this.release))
  }

  /** Until the spec as it is now has come to this phase with nothing on trial. */
  async comesTo(phase: string): Promise<void> {
    await this.until(
      ({ metadata, status }) =>
        status?.phase === phase &&
        (status.trials ?? []).length === 0 &&
        status.observedGeneration === metadata.generation,
    )
  }

  async untilGone(): Promise<void> {
    await watchUntil(this.#stage.releases, () => this.release === undefined)
  }

  async untilPods(pods: Record<string, number>): Promise<void> {
    const wanted = JSON.stringify(pods)
    await watchUntil(this.#stage.sets, () => JSON.stringify(this.pods()) === wanted)
  }

  /** The versions that answer so many requests through the gateway. */
  async versions(requests = 20): Promise<ReadonlySet<string>> {
    const answers = await Promise.all(
      Array.from({ length: requests }, async () => {
        const { headers } = await this.#get('/hello')
        return headers.get('x-version') ?? 'nobody'
      }),
    )
    return new Set(answers)
  }

  async #get(path: string): Promise<Response> {
    const { request } = await import('undici')
    const { headers, body } = await request(`${this.#stage.local.gateway.url}${path}`, {
      headers: { host: `${this.name}.example.com` },
    })
    await body.dump()
    return new Response(null, {
      headers: Object.entries(headers).map(([key, value]) => [key, String(value)]),
    })
  }
}
