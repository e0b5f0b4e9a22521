/**
 * `headgate demo`: a local cluster, real traffic, a good release and a bad one. The cluster, the controller and the pods
 * are processes of their own; this one only asks, watches and shows.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Release } from '#core/api/release.ts'
import { imageOf } from '#core/decision.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { loadConfig } from '#kube/config.ts'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { socketTransport } from '#kube/transport.ts'
import { startTraffic, type Traffic, type TrafficCounts } from '#local/traffic/traffic.ts'
import { UsageError } from '#releases/errors.ts'
import { openInBrowser } from '../browser.ts'
import { type SpawnedLocal, spawnLocal } from '../child.ts'
import { demoHost, demoRelease, demoRoute, demoTemplate } from '../demo/manifests.ts'
import { rollbackTime } from '../demo/rollback-time.ts'
import { plainScreen, type Screen, terminalScreen } from '../demo/screen.ts'
import { stopSignal } from '../signals.ts'
import { watchUntil } from '../wait.ts'

export type DemoCommand = {
  readonly keep?: boolean
  readonly open?: boolean
  readonly output?: string
}

export type DemoSummary = {
  readonly promoted: readonly string[]
  readonly rolledBack: readonly string[]
  readonly requests: number
  readonly dropped: number
  readonly errorsServed: number
  /** From the bad sample's return to the route at zero, in milliseconds. */
  readonly rollbackMs: number
}

const requestsPerSecond = 100
const sceneMs = 250

export async function demo({ keep = false, open = false, output }: DemoCommand): Promise<void> {
  if (output !== undefined && output !== 'json')
    throw new UsageError(`--output ${output} is unknown; write json`)
  const toPeople = output === 'json' ? process.stderr : process.stdout
  const screen = toPeople.isTTY ? terminalScreen(toPeople) : plainScreen(toPeople)
  const folder = await mkdtemp(join(tmpdir(), 'headgate-demo-'))
  const stopped = stopSignal()
  screen.say(
    'Starting a local cluster (API server, controllers, gateway, Prometheus) and the Headgate controller …',
  )
  const local = await spawnLocal({
    kubeconfig: join(folder, 'kubeconfig'),
    decisionLog: join(folder, 'decisions'),
  })
  const { dashboard } = local.addresses
  if (dashboard !== undefined) screen.say(`The dashboard is at ${dashboard}`)
  if (open && dashboard !== undefined) openInBrowser(dashboard)
  const ports = systemPorts()
  const config = await loadConfig({ kubeconfig: local.addresses.kubeconfig ?? '' })
  const cluster = connectTo(socketTransport(config, ports), ports, { userAgent: 'headgate-demo' })
  try {
    const told = play({ cluster, local, screen, decisions: join(folder, 'decisions') })
    const summary = await Promise.race([told, stopped.then(() => undefined)])
    if (summary === undefined) return
    finish(screen, summary, output)
    if (keep) {
      screen.say(
        `The cluster stays up until you stop it (Ctrl-C):\n  kubectl --kubeconfig ${local.addresses.kubeconfig} get releases -w`,
      )
      await stopped
    }
  } finally {
    await cluster.close()
    await local.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

type Stage = {
  readonly cluster: Cluster
  readonly local: SpawnedLocal
  readonly screen: Screen
  readonly decisions: string
}

async function play({ cluster, local, screen, decisions }: Stage): Promise<DemoSummary> {
  const releases = cluster.watch<Release>(kinds.release, { project: (object) => object as Release })
  const routes = cluster.watch<HttpRoute>(kinds.httpRoute, {
    project: (object) => object as HttpRoute,
  })
  const images = watchImages(cluster)
  const zeroAt = watchZero(routes, cluster)
  await Promise.all([releases.synced(), routes.synced()])

  screen.say('Bringing up shop:v1 …')
  await cluster.create(kinds.httpRoute, demoRoute)
  await cluster.create(kinds.release, demoRelease('example/shop:v1'))
  const first = await settled(releases, 'Completed', 'Failed')
  if (first !== 'Completed')
    throw new Error('shop:v1 did not come up; run with --keep and look at its pods')
  const traffic = startTraffic({
    url: `${local.addresses.gateway}/hello`,
    host: demoHost,
    perSecond: requestsPerSecond,
    clock: cluster.ports.clock,
  })
  const stopShowing = show(screen, releases, images, traffic, cluster)

  screen.say(`${requestsPerSecond} requests a second go through the gateway. Releasing shop:v2 …`)
  const promoted = await release(cluster, releases, 'v2')
  screen.say('shop:v2 is stable. Releasing shop:v3-error30, which fails for some requests …')
  const last = await release(cluster, releases, 'v3-error30')
  const counts = await traffic.stop()
  stopShowing()
  const rollbackMs = rollbackTime(await readFile(decisions, 'utf8'), zeroAt())
  return summaryOf([promoted, last], counts, rollbackMs)
}

type Outcome = { readonly version: string; readonly phase: string }

async function release(
  cluster: Cluster,
  releases: Cache<Release>,
  version: string,
): Promise<Outcome> {
  const body = { spec: { template: demoTemplate(`example/shop:${version}`) } }
  const at = { namespace: 'default', name: 'shop' }
  const { metadata } = await cluster.patch<Release>(kinds.release, at, 'merge', body)
  const asked = metadata.generation ?? 0
  // The answer of a write overtakes the watch: what the cache shows now may still be the release before.
  await watchUntil(
    releases,
    () => (releases.get('default/shop')?.metadata.generation ?? 0) >= asked,
  )
  return { version, phase: await settled(releases, 'Completed', 'Failed') }
}

/** The phase once the object as it is asked for now has come to its end. */
async function settled(releases: Cache<Release>, ...phases: readonly string[]): Promise<string> {
  let seen = ''
  await watchUntil(releases, () => {
    const shop = releases.get('default/shop')
    seen = shop?.status?.phase ?? ''
    return (
      shop?.status?.observedGeneration === shop?.metadata.generation &&
      (shop?.status?.trials ?? []).length === 0 &&
      phases.includes(seen)
    )
  })
  return seen
}

function summaryOf(
  outcomes: readonly Outcome[],
  counts: TrafficCounts,
  rollbackMs: number,
): DemoSummary {
  const ended = (phase: string): string[] =>
    outcomes.filter((one) => one.phase === phase).map(({ version }) => version)
  const { requests, dropped, errorsServed } = counts
  return {
    promoted: ended('Completed'),
    rolledBack: ended('Failed'),
    requests,
    dropped,
    errorsServed,
    rollbackMs,
  }
}

function watchImages(cluster: Cluster): ReadonlyMap<string, string> {
  const images = new Map<string, string>()
  const cache = cluster.watch(kinds.replicaSet, { labelSelector: 'headgate.dev/release' })
  cache.subscribe((change) => {
    if (change.type !== 'put') return
    const { metadata, spec } = change.now as unknown as {
      metadata: { labels?: Record<string, string> }
      spec: { template: Parameters<typeof imageOf>[0] }
    }
    images.set(metadata.labels?.['headgate.dev/revision'] ?? '', imageOf(spec.template))
  })
  return images
}

/** When the candidate's weight last went to zero, as this process saw it. */
function watchZero(routes: Cache<HttpRoute>, cluster: Cluster): () => number {
  let at = 0
  let before = 0
  routes.subscribe((change) => {
    if (change.type !== 'put') return
    const weight =
      change.now.spec.rules?.[0]?.backendRefs?.find(({ name }) => name === 'shop-canary')?.weight ??
      0
    if (weight === 0 && before > 0) at = cluster.ports.clock.now()
    before = weight
  })
  return () => at
}

function show(
  screen: Screen,
  releases: Cache<Release>,
  images: ReadonlyMap<string, string>,
  traffic: Traffic,
  cluster: Cluster,
): () => void {
  let before: Readonly<Record<string, number>> = {}
  let cancel = (): void => {}
  const draw = (): void => {
    const { versions, dropped } = traffic.counts()
    const fresh = Object.entries(versions).map(
      ([version, count]) => [version, count - (before[version] ?? 0)] as const,
    )
    before = versions
    screen.show({
      release: releases.get('default/shop'),
      images,
      answered: Object.fromEntries(fresh.filter(([, count]) => count > 0)),
      dropped,
    })
  }
  const next = (): void => {
    draw()
    cancel = cluster.ports.clock.after(sceneMs, next)
  }
  next()
  return () => {
    cancel()
    // The end is shown, not what was on the way a moment before it.
    draw()
    screen.keep()
  }
}

function finish(screen: Screen, summary: DemoSummary, output: string | undefined): void {
  const { promoted, rolledBack, requests, dropped, errorsServed, rollbackMs } = summary
  screen.say(
    `\npromoted ${promoted.join(', ')}; rolled back ${rolledBack.join(', ')} ${rollbackMs} ms after the bad sample\n` +
      `${requests} requests, ${dropped} dropped, ${errorsServed} errors served by the bad version`,
  )
  if (output === 'json') process.stdout.write(`${JSON.stringify(summary)}\n`)
  if (promoted.join() !== 'v2' || rolledBack.join() !== 'v3-error30')
    throw new Error('the demo did not go as it should have')
}
