/** A local cluster with the real controller, gateway, metrics and pods, as `headgate local` runs it, under real traffic. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Release } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { loadConfig } from '#kube/config.ts'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { socketTransport } from '#kube/transport.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { spawnLocal } from '../../src/cli/child.ts'
import { demoRelease, demoRoute, demoTemplate } from '../../src/cli/demo/manifests.ts'
import { watchUntil } from '../../src/cli/wait.ts'

export type LocalStage = {
  /** Base URL of the dashboard that the controller serves. */
  readonly dashboard: string
  readonly kubeconfig: string
  /** A release with its route and traffic to it, at rest with its first version. */
  readonly play: (name: string, steps?: readonly object[]) => Promise<void>
  readonly ask: (name: string, version: string) => Promise<void>
  readonly until: (name: string, holds: (release: Release) => boolean) => Promise<void>
  readonly stop: () => Promise<void>
}

const namespace = 'default'
const requestsPerSecond = 40

export async function openLocalStage(): Promise<LocalStage> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-stage-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const local = await spawnLocal({ kubeconfig, decisionLog: join(folder, 'decisions') })
  const { dashboard, gateway } = local.addresses
  if (dashboard === undefined) throw new Error('the local cluster names no dashboard')
  const ports = systemPorts()
  const cluster = connectTo(socketTransport(await loadConfig({ kubeconfig }), ports), ports)
  const releases = cluster.watch<Release>(kinds.release, { project: (object) => object as Release })
  const stops: (() => Promise<unknown>)[] = []
  const until: LocalStage['until'] = (name, holds) =>
    watchUntil(releases, () => {
      const release = releases.get(`${namespace}/${name}`)
      return release !== undefined && holds(release)
    })
  return {
    ...{ dashboard, kubeconfig, until },
    play: async (name, steps) => {
      const host = `${name}.example.com`
      await cluster.create(kinds.httpRoute, routeFor(name, host))
      await cluster.create(kinds.release, releaseFor(name, steps))
      await until(name, ({ status }) => status?.phase === 'Completed')
      const url = `${gateway}/hello`
      const traffic = startTraffic({ url, host, perSecond: requestsPerSecond, clock: ports.clock })
      stops.push(traffic.stop)
    },
    ask: async (name, version) => {
      const body = { spec: { template: templateOf(name, version) } }
      await cluster.patch(kinds.release, { namespace, name }, 'merge', body)
    },
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()))
      await cluster.close()
      await local.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function templateOf(name: string, version: string): Release['spec']['template'] {
  const template = demoTemplate(`example/shop:${version}`)
  return { ...template, metadata: { labels: { app: name } } }
}

function releaseFor(name: string, steps: readonly object[] | undefined): Release {
  const { spec, ...rest } = demoRelease('example/shop:v1')
  return {
    ...rest,
    metadata: { name, namespace },
    spec: {
      ...spec,
      selector: { matchLabels: { app: name } },
      template: templateOf(name, 'v1'),
      services: { stable: `${name}-stable`, candidate: `${name}-canary` },
      traffic: { route: name },
      ...(steps === undefined ? {} : { strategy: { canary: { steps } } }),
    } as Release['spec'],
  }
}

function routeFor(name: string, host: string): HttpRoute {
  const backendRefs = [
    { name: `${name}-stable`, port: 80, weight: 100 },
    { name: `${name}-canary`, port: 80, weight: 0 },
  ]
  return {
    ...demoRoute,
    metadata: { name, namespace },
    spec: { ...demoRoute.spec, hostnames: [host], rules: [{ backendRefs }] },
  }
}
