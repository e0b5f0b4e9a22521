/** `headgate local`: the local cluster in this process, the controller in a second one, until told to stop. */
import { writeFile } from 'node:fs/promises'
import { createLog } from '#controller/log.ts'
import { doors } from '#doors/register.ts'
import { type LocalCluster, startLocalCluster } from '#local/cluster.ts'
import type { LocalAddresses } from '../addresses.ts'
import { type ChildController, spawnController } from '../child.ts'
import { UsageError } from '../errors.ts'
import { durationOf, logLevelOf, portOf, speedOf } from '../options.ts'
import { stopSignal } from '../signals.ts'

export type LocalCommand = {
  readonly kubeconfig?: string
  readonly output?: string
  readonly controller: boolean
  readonly gatewayPort: string
  readonly healthPort: string
  readonly followDelay: string
  readonly speed: string
  readonly allowCommands?: boolean
  readonly decisionLog?: string
  readonly logLevel: string
}

export async function local(options: LocalCommand): Promise<void> {
  const stopped = stopSignal()
  const started = await startLocal(options)
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

export type StartedLocal = {
  readonly cluster: LocalCluster
  readonly controller: ChildController | undefined
  readonly addresses: LocalAddresses
  readonly stop: () => Promise<void>
}

/** Starts all parts and waits until they are ready. Whatever fails to start takes the others down with it. */
export async function startLocal(options: LocalCommand): Promise<StartedLocal> {
  if (options.output !== undefined && options.output !== 'json') {
    throw new UsageError(`--output ${options.output} is unknown; write json`)
  }
  const log = createLog(logLevelOf(options.logLevel))
  const cluster = await startLocalCluster({
    crds: doors.flatMap((door) => door.crds),
    gatewayPort: portOf('--gateway-port', options.gatewayPort),
    followDelayMs: durationOf('--follow-delay', options.followDelay),
    speed: speedOf(options.speed),
    ...(options.allowCommands === undefined ? {} : { allowCommands: options.allowCommands }),
    report: (part, error) => log.debug({ part, error: String(error) }, 'tried again'),
  })
  try {
    if (options.kubeconfig !== undefined) {
      await writeFile(options.kubeconfig, cluster.apiServer.kubeconfig(), { mode: 0o600 })
    }
    const controller = options.controller ? await spawnController(cluster, options) : undefined
    return {
      cluster,
      controller,
      addresses: addressesOf(cluster, controller, options),
      stop: async () => {
        await controller?.stop()
        await cluster.stop()
      },
    }
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

function addressesOf(
  cluster: LocalCluster,
  controller: ChildController | undefined,
  { kubeconfig }: LocalCommand,
): LocalAddresses {
  return {
    apiServer: cluster.apiServer.url,
    gateway: cluster.gateway.url,
    prometheus: cluster.prometheus.url,
    ...(controller === undefined ? {} : { health: controller.health }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  }
}

function tell({ output, kubeconfig }: LocalCommand, addresses: LocalAddresses): void {
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
  process.stdout.write(
    `The local cluster is ready (a stand-in, not for production):\n${lines.join('\n')}\n\n  ${hint}\n`,
  )
}
