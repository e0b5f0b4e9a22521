/** `headgate local`: the local cluster in this process, or a real control plane beside it, the controller in a second one, until told to stop. */
import { readFile, writeFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { createLog } from '#controller/log.ts'
import { definitions } from '#doors/definitions.ts'
import { systemPorts } from '#kube/system.ts'
import { startLocalCluster } from '#local/cluster.ts'
import { readConfiguration } from '#local/superposition/configuration.ts'
import { type LocalSuperposition, startSuperposition } from '#local/superposition/start.ts'
import { UsageError } from '#releases/errors.ts'
import type { LocalAddresses } from '../addresses.ts'
import { type ChildController, spawnController } from '../child.ts'
import type { RealClusterOptions } from '../local/real.ts'
import { durationOf, logLevelOf, portOf, speedOf } from '../options.ts'
import { stopSignal } from '../signals.ts'

export type LocalCommand = {
  readonly kubeconfig?: string
  readonly output?: string
  readonly controller: boolean
  /** `local` or `real`. */
  readonly controlPlane?: string
  readonly gatewayPort: string
  readonly healthPort: string
  readonly followDelay: string
  readonly speed: string
  readonly allowCommands?: boolean
  /** What Superposition's stand-in resolves. */
  readonly superpositionConfig?: string
  readonly decisionLog?: string
  readonly logLevel: string
}

/** Runs until it is told to stop; `onStarted` is called once everything is ready. */
export async function local(options: LocalCommand, onStarted: () => void): Promise<void> {
  const stopped = stopSignal()
  const started = await startLocal(options)
  onStarted()
  tell(options, started.addresses)
  // A controller that ends by itself is no cluster to go on with in silence.
  const ended = started.controller?.ended.then(
    (code) => new Error(`the controller ended by itself with code ${code}`),
  )
  const failure = await Promise.race([
    stopped.then(() => undefined),
    ...(ended === undefined ? [] : [ended]),
  ])
  await started.stop()
  if (failure !== undefined) throw failure
}

/** What both kinds of cluster show. */
type Shown = {
  readonly apiServer: { readonly url: string; readonly kubeconfig: () => string }
  readonly gateway: { readonly url: string }
  readonly prometheus: { readonly url: string }
  readonly stop: () => Promise<void>
}

export type StartedLocal = {
  readonly cluster: Shown
  readonly controller: ChildController | undefined
  readonly addresses: LocalAddresses
  readonly stop: () => Promise<void>
}

/** Starts all parts and waits until they are ready. Whatever fails to start takes the others down with it. */
export async function startLocal(options: LocalCommand): Promise<StartedLocal> {
  if (options.output !== undefined && options.output !== 'json') {
    throw new UsageError(`--output ${options.output} is unknown; write json`)
  }
  const cluster = await startCluster(options)
  let standIn: LocalSuperposition | undefined
  try {
    if (options.kubeconfig !== undefined) {
      await writeFile(options.kubeconfig, cluster.apiServer.kubeconfig(), { mode: 0o600 })
    }
    standIn = options.controller ? await superpositionFor(options) : undefined
    const url = standIn === undefined ? [] : ['--superposition-url', standIn.url]
    // Who tries something out names namespaces that nobody made yet.
    const args = ['--superposition-create-namespaces', ...url]
    const controller = options.controller
      ? await spawnController(cluster, { ...options, args })
      : undefined
    return {
      cluster,
      controller,
      addresses: addressesOf(cluster, controller, options),
      stop: async () => {
        await controller?.stop()
        await standIn?.stop()
        await cluster.stop()
      },
    }
  } catch (error) {
    await standIn?.stop()
    await cluster.stop()
    throw error
  }
}

/** Superposition's stand-in, unless somebody says where the real one is. */
async function superpositionFor(options: LocalCommand): Promise<LocalSuperposition | undefined> {
  const { superpositionConfig } = options
  if (process.env['SUPERPOSITION_URL'] !== undefined) return undefined
  const configuration =
    superpositionConfig === undefined
      ? {}
      : { configuration: readConfiguration(parse(await readFile(superpositionConfig, 'utf8'))) }
  return startSuperposition({ clock: systemPorts().clock, ...configuration })
}

function startCluster(options: LocalCommand): Promise<Shown> {
  const { controlPlane = 'local', allowCommands } = options
  const common = {
    crds: definitions,
    gatewayPort: portOf('--gateway-port', options.gatewayPort),
    followDelayMs: durationOf('--follow-delay', options.followDelay),
    ...(allowCommands === undefined ? {} : { allowCommands }),
  }
  const speed = speedOf(options.speed)
  const log = createLog(logLevelOf(options.logLevel))
  if (controlPlane === 'local') {
    const report = (part: string, error: unknown): void =>
      log.debug({ part, error: String(error) }, 'tried again')
    return startLocalCluster({ ...common, speed, report })
  }
  if (controlPlane !== 'real') {
    throw new UsageError(`--control-plane ${controlPlane} is unknown; write local or real`)
  }
  if (speed !== 1) {
    throw new UsageError('--speed cannot hurry a real control plane; leave one of the two out')
  }
  return real(common)
}

async function real(options: Omit<RealClusterOptions, 'ports' | 'tell'>): Promise<Shown> {
  const { startRealCluster, whyNotReal } = await import('../local/real.ts')
  const why = whyNotReal()
  if (why !== undefined) throw new UsageError(why)
  const tell = (line: string): void => {
    process.stderr.write(`${line}\n`)
  }
  return startRealCluster({ ...options, ports: systemPorts(), tell })
}

function addressesOf(
  cluster: Shown,
  controller: ChildController | undefined,
  { kubeconfig }: LocalCommand,
): LocalAddresses {
  return {
    apiServer: cluster.apiServer.url,
    gateway: cluster.gateway.url,
    prometheus: cluster.prometheus.url,
    ...(controller === undefined
      ? {}
      : {
          health: controller.health,
          dashboard: controller.dashboard,
          ...controller.faces,
        }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  }
}

function tell({ output, kubeconfig, controlPlane }: LocalCommand, addresses: LocalAddresses): void {
  if (output === 'json') {
    process.stdout.write(`${JSON.stringify(addresses)}\n`)
    return
  }
  const lines = Object.entries(addresses).map(
    ([name, address]) => `  ${name.padEnd(12)} ${address}`,
  )
  const hint =
    kubeconfig === undefined
      ? 'name a file with --kubeconfig to use kubectl'
      : `kubectl --kubeconfig ${kubeconfig} get pods`
  process.stdout.write(`${titleOf(controlPlane)}:\n${lines.join('\n')}\n\n  ${hint}\n`)
}

function titleOf(controlPlane: string | undefined): string {
  return controlPlane === 'real'
    ? 'The cluster is ready (a real control plane around pods that are processes, not for production)'
    : 'The local cluster is ready (a stand-in, not for production)'
}
