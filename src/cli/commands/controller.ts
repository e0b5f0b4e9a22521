/** `headgate controller`: wires the controller to a cluster and runs it until it is told to stop. */

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { askThrough } from '#controller/ask.ts'
import { type Controller, startController } from '#controller/controller.ts'
import { decisionLogFile } from '#controller/decision-log.ts'
import { createLog } from '#controller/log.ts'
import { secretsOf } from '#controller/secrets.ts'
import { type Telemetry, telemetry } from '#controller/telemetry.ts'
import type { DashboardGround, RunningDashboard } from '#dashboard/start.ts'
import type { Configured } from '#doors/door.ts'
import { sharedPorts } from '#http/shared-port.ts'
import { apiServerAddresses } from '#kube/address-guard.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { ClusterConfig } from '#kube/cluster-config.ts'
import { loadConfig } from '#kube/config.ts'
import { connectTo } from '#kube/connect.ts'
import { lead } from '#kube/lease.ts'
import type { Log } from '#kube/log.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemClock, systemPorts } from '#kube/system.ts'
import { sendDirect, socketTransport } from '#kube/transport.ts'
import { trustedClock } from '#kube/trusted-clock.ts'
import { startHealth } from '#server/health.ts'
import type { ControllerPorts } from '../child.ts'
import { accessOptionsOf, type DashboardOptions } from '../dashboard-options.ts'
import { configuredDoors, sinksOfDoors, trustedHosts } from '../door-sinks.ts'
import { doorsOf } from '../doors.ts'
import type { EventOptions } from '../event-options.ts'
import { checkEventOptions, sinksOf } from '../event-sinks.ts'
import { type FaceOptions, type RunningFaces, startFaces } from '../faces.ts'
import { type FormerLeases, formerLeases } from '../former-leases.ts'
import { formerSettings } from '../former-settings.ts'
import { tidyWhenAtRest } from '../lean.ts'
import { debugOnSignal } from '../log-level.ts'
import { addressOf, logLevelOf, speedOf } from '../options.ts'
import { stopSignal } from '../signals.ts'
import { version } from '../version.ts'
import { type WebhookFlags, webhooksOf } from '../webhook-options.ts'

export type ControllerCommand = {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly doors?: string
  readonly healthAddress: string
  readonly leaderElect: boolean
  readonly leaseNamespace?: string
  readonly allowAddress?: readonly string[]
  readonly speed: string
  readonly decisionLog?: string
  readonly logLevel?: string
} & EventOptions &
  WebhookFlags &
  FaceOptions &
  DashboardOptions

export async function controller(options: ControllerCommand): Promise<void> {
  const configured = configuredDoors(doorsOf(options.doors), process.env)
  const doors = configured.map(({ door }) => door)
  const access = accessOptionsOf(options)
  const log = createLog(logLevelOf(options.logLevel ?? firstLevel(configured) ?? 'info'))
  const stopChanging = debugOnSignal(log)
  const { kubeconfig, context } = options
  const former = formerSettings(process.env)
  const config = await loadConfig({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(former === undefined ? {} : { bare: former }),
  })
  for (const warning of config.warnings) log.warn({ cluster: config.source }, warning)
  const rules = {
    allow: [...(options.allowAddress ?? []), ...trustedHosts(configured)],
    loopback: false,
    apiServer: apiServerAddresses(config.server, process.env),
  }
  checkEventOptions(options, rules)
  const ports = systemPorts()
  const cluster = connectTo(socketTransport(config, ports), ports, {
    userAgent: `headgate/${version}`,
    onProblem: (problem) => log.warn({ ...problem }, 'a watch had trouble and goes on'),
  })
  const clock = await trustedClock(
    cluster,
    systemClock({ speed: speedOf(options.speed) }),
    ({ offsetMs, status }) => tellOfClock(log, offsetMs, status),
  )
  const instance = `${process.env['POD_NAME'] ?? hostname()}_${randomUUID().slice(0, 8)}`
  const metrics = telemetry(version)
  const way = config.inCluster ? 'direct' : 'proxy'
  const reach = reachThrough({ cluster, way, rules, direct: sendDirect })
  const formers: FormerLeases = formerLeases(doors, {
    cluster,
    identity: instance,
    log,
    opened: (door) => running.opened(door),
    free: (door) => running.wake(door),
  })
  const running = startController({
    cluster,
    doors,
    clock,
    mayAct: formers.mayAct,
    ...within(options),
    ask: askThrough(reach, secretsOf(cluster)),
    sinks: [
      ...sinksOf(options, { cluster, instance, reach, now: clock.now }),
      ...sinksOfDoors(configured, { reach, now: clock.now, log }),
    ],
    log,
    telemetry: metrics,
    ...decisionLog(options, log),
    instance,
  })
  const namespace = leaseNamespace(options, config)
  const parts = { options, cluster, namespace, instance, log, metrics, running, formers }
  // What fails to start takes the others down with it: a process that only watches is of no use.
  const ends: (() => unknown)[] = [stopChanging, () => cluster.close(), running.stop]
  try {
    const listen = sharedPorts(cluster.ports.clock)
    const about = { cluster, clock, reach, log, env: process.env, instance, ...within(options) }
    const ofFaces = { ...about, listen }
    const faces = await startFaces(ofFaces, options)
    ends.push(faces.stop)
    const dashboard = await dashboardOf(options, { ...ofFaces, access })
    ends.push(async () => dashboard?.stop())
    let ready = false
    const health = await startHealth({
      ...addressOf('--health-address', options.healthAddress),
      isReady: () =>
        running.isSynced() && faces.isReady() && dashboard?.isReady() !== false && ready,
      registry: metrics.registry,
    })
    ends.push(health.stop)
    await running.synced()
    const webhooks = await webhooksOf(options, { cluster, doors, env: process.env, namespace, log })
    ends.push(async () => webhooks?.stop())
    ready = true
    const own = { health: health.port, webhooks: webhooks?.port, dashboard: dashboard?.port }
    const listening: ControllerPorts = { ...own, ...faces.ports }
    // Whoever reads that we watch may stop us at once.
    const stopped = stopSignal()
    log.info({ cluster: config.source, ...listening }, 'the controller watches')
    // Whoever started this process beside a local cluster hears where it listens.
    process.send?.(listening)
    await run({ ...parts, faces, stopped })
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

function leaseNamespace(
  { leaseNamespace: given }: ControllerCommand,
  config: ClusterConfig,
): string {
  return given ?? process.env['POD_NAMESPACE'] ?? config.namespace
}

function firstLevel(configured: readonly Configured[]): string | undefined {
  return configured.find(({ logLevel }) => logLevel !== undefined)?.logLevel
}

function within({ namespace }: ControllerCommand): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace }
}

/** Where an address is given: on every replica, whoever leads. */
async function dashboardOf(
  options: ControllerCommand,
  ground: Pick<DashboardGround, 'cluster' | 'clock' | 'log' | 'listen' | 'namespace' | 'access'>,
): Promise<RunningDashboard | undefined> {
  const { dashboardAddress: text, dashboardReadOnly: readOnly = false } = options
  if (text === undefined) return undefined
  const { startDashboard } = await import('#dashboard/start.ts')
  return startDashboard({
    ...ground,
    address: addressOf('--dashboard-address', text),
    readOnly,
    version,
  })
}

type Running = {
  readonly options: ControllerCommand
  readonly cluster: Cluster
  /** Where the lease is. */
  readonly namespace: string
  readonly instance: string
  readonly log: Log
  readonly metrics: Telemetry
  readonly running: Controller
  readonly formers: FormerLeases
  readonly faces: RunningFaces
  /** Resolves when it is told to stop. */
  readonly stopped: Promise<unknown>
}

async function run({
  options,
  cluster,
  namespace,
  instance,
  log,
  metrics,
  running,
  formers,
  faces,
  stopped,
}: Running): Promise<void> {
  const act = (isLeader: () => boolean): void => {
    running.lead(isLeader)
    faces.lead(isLeader)
    formers.begin()
  }
  const leadership = options.leaderElect
    ? lead(cluster, {
        namespace,
        name: 'headgate',
        identity: instance,
        onGain: () => {
          log.info({ identity: instance }, 'this process leads')
          metrics.leader(true)
          act(() => leadership?.isLeader() === true)
        },
        onLoss: (why) => {
          log.warn({ why }, 'this process no longer leads')
          metrics.leader(false)
          void running.standBy()
          void faces.standBy()
          void formers.end()
        },
        onProblem: (error) => log.warn({ error: error.message }, 'the lease could not be renewed'),
      })
    : undefined
  if (leadership === undefined) act(() => true)
  const stopTidying = tidyWhenAtRest(cluster.ports.clock)
  await stopped
  stopTidying()
  log.info({}, 'stopping')
  await Promise.all([running.standBy(), faces.standBy()])
  await Promise.all([leadership?.stop(), formers.end()])
}

function decisionLog(
  { decisionLog: path }: ControllerCommand,
  log: Log,
): { decisionLog?: ReturnType<typeof decisionLogFile> } {
  if (path === undefined) return {}
  return {
    decisionLog: decisionLogFile(path, (error) =>
      log.warn({ error: String(error) }, 'the decision log cannot be written'),
    ),
  }
}

function tellOfClock(log: Log, offsetMs: number | undefined, status: number): void {
  if (offsetMs === undefined) log.warn({ status }, 'the API server does not tell its time')
  else log.warn({ offsetMs }, "this machine's clock differs from the API server's, which is taken")
}
