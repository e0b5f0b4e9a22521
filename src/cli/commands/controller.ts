/** `headgate controller`: wires the controller to a cluster and runs it until it is told to stop. */

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { askThrough } from '#controller/ask.ts'
import { type Controller, startController } from '#controller/controller.ts'
import { decisionLogFile } from '#controller/decision-log.ts'
import { createLog } from '#controller/log.ts'
import { secretsOf } from '#controller/secrets.ts'
import { type Telemetry, telemetry } from '#controller/telemetry.ts'
import { doors } from '#doors/register.ts'
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
import { type Health, startHealth } from '#server/health.ts'
import type { EventOptions } from '../event-options.ts'
import { checkEventOptions, sinksOf } from '../event-sinks.ts'
import { type FaceOptions, type RunningFaces, startFaces } from '../faces.ts'
import { tidyWhenAtRest } from '../lean.ts'
import { addressOf, logLevelOf, speedOf } from '../options.ts'
import { stopSignal } from '../signals.ts'
import { version } from '../version.ts'

export type ControllerCommand = {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly healthAddress: string
  readonly leaderElect: boolean
  readonly leaseNamespace?: string
  readonly allowAddress?: readonly string[]
  readonly speed: string
  readonly decisionLog?: string
  readonly logLevel: string
} & EventOptions &
  FaceOptions

export async function controller(options: ControllerCommand): Promise<void> {
  const log = createLog(logLevelOf(options.logLevel))
  const { kubeconfig, context } = options
  const config = await loadConfig({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  })
  const rules = {
    allow: options.allowAddress ?? [],
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
  const running = startController({
    cluster,
    doors,
    clock,
    ...within(options),
    ask: askThrough(reach, secretsOf(cluster)),
    sinks: sinksOf(options, { cluster, instance, reach, now: clock.now }),
    log,
    telemetry: metrics,
    ...decisionLog(options, log),
    instance,
  })
  const ofFaces = { cluster, clock, reach, log, env: process.env, instance, ...within(options) }
  const faces = await startFaces(ofFaces, options)
  const health = await startHealth({
    ...addressOf('--health-address', options.healthAddress),
    isReady: () => running.isSynced() && faces.isReady(),
    registry: metrics.registry,
  })
  await running.synced()
  log.info(
    { cluster: config.source, health: health.port, ...faces.ports },
    'the controller watches',
  )
  await run({ options, cluster, config, instance, log, metrics, running, faces, health })
}

function within({ namespace }: ControllerCommand): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace }
}

type Running = {
  readonly options: ControllerCommand
  readonly cluster: Cluster
  readonly config: ClusterConfig
  readonly instance: string
  readonly log: Log
  readonly metrics: Telemetry
  readonly running: Controller
  readonly faces: RunningFaces
  readonly health: Health
}

async function run({
  options,
  cluster,
  config,
  instance,
  log,
  metrics,
  running,
  faces,
  health,
}: Running): Promise<void> {
  const stopped = stopSignal()
  const act = (isLeader: () => boolean): void => {
    running.lead(isLeader)
    faces.lead(isLeader)
  }
  const leadership = options.leaderElect
    ? lead(cluster, {
        namespace: options.leaseNamespace ?? process.env['POD_NAMESPACE'] ?? config.namespace,
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
  await leadership?.stop()
  await Promise.all([running.stop(), faces.stop()])
  await health.stop()
  await cluster.close()
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
