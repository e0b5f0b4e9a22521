/** A local cluster with a controller and the deployer's face in this process, and a client as scripts have it. */

import { askThrough } from '#controller/ask.ts'
import { startController } from '#controller/controller.ts'
import { secretsOf } from '#controller/secrets.ts'
import { telemetry } from '#controller/telemetry.ts'
import { deployerEntry } from '#doors/deployer/entry.ts'
import type { Ground, RunningFace } from '#doors/face.ts'
import { doors } from '#doors/register.ts'
import { strictRules } from '#kube/address-guard.ts'
import type { Cluster } from '#kube/cluster.ts'
import { type ConnectedCluster, connectTo } from '#kube/connect.ts'
import type { Transport } from '#kube/http.ts'
import { silentLog } from '#kube/log.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import { startLocalCluster } from '#local/cluster.ts'
import { simulatedRuntime } from '#local/kubelet/simulated-runtime.ts'
import { fewProcesses } from '../../scenarios/stage.ts'

export type Bench = {
  readonly cluster: Cluster
  readonly gateway: string
  /** Where the gateway serves TLS. */
  readonly httpsPort: number
  /** The deployer's base URL. */
  readonly url: string
  readonly face: RunningFace
  /** Another face beside it, or in its stead. */
  readonly another: (own?: FaceOptions) => Promise<RunningFace>
  /** Does something while the work is led with another limit for pods to become healthy. */
  readonly within: (limit: string, act: () => Promise<void>) => Promise<void>
  readonly stop: () => Promise<void>
}

export type FaceOptions = {
  readonly options?: Ground['options']
  readonly env?: Ground['env']
  /** It looks at this namespace alone. */
  readonly namespace?: string
  /** Its own way to the API server, as somebody else than the admin. */
  readonly connect?: () => Transport
  /** What stands between it and the API server. */
  readonly through?: (transport: Transport) => Transport
}

/** What a bench stands on. */
export type BenchGround = {
  readonly apiServer: { readonly transport: () => Transport }
  readonly gateway: { readonly url: string; readonly httpsPort?: number }
  readonly stop: () => Promise<void>
}

/** All definitions that the tests of this door need. */
export const crds = [...doors.flatMap((door) => door.crds), ...deployerEntry.crds]

export type BenchOptions = {
  /** Default: a local cluster in this process. */
  readonly ground?: () => Promise<BenchGround>
  /** Pods without processes: they become ready, and answer nothing. */
  readonly simulated?: boolean
  /** A process for each pod, as in a cluster: for what is shown under load. */
  readonly apart?: boolean
  /** Without it nobody does what is asked for. Default true. */
  readonly leads?: boolean
  /** How many times as fast the clocks run. */
  readonly speed?: number
  readonly options?: Ground['options']
  readonly env?: Ground['env']
}

export async function openBench({
  speed = 1,
  simulated = false,
  apart = false,
  leads = true,
  options = {},
  env = {},
  ground,
}: BenchOptions = {}): Promise<Bench> {
  const ports = systemPorts({ speed })
  const given = {
    crds,
    followDelayMs: 50,
    speed,
    ...(apart ? {} : fewProcesses),
    ...(simulated ? { runtime: simulatedRuntime(ports.clock) } : {}),
  }
  const local: BenchGround = await (ground ?? (() => startLocalCluster(given)))()
  const clients: ConnectedCluster[] = []
  const client = (
    through: (transport: Transport) => Transport = same,
    connect = local.apiServer.transport,
  ): ConnectedCluster => {
    const made = connectTo(through(connect()), ports)
    clients.push(made)
    return made
  }
  const cluster = client()
  const reach = reachThrough({ cluster, way: 'proxy', rules: strictRules, direct: sendDirect })
  const controller = startController({
    cluster,
    doors,
    clock: ports.clock,
    ask: askThrough(reach, secretsOf(cluster)),
    log: silentLog,
    telemetry: telemetry('test'),
    instance: 'test',
  })
  controller.lead(() => true)
  const faces: RunningFace[] = []
  const another: Bench['another'] = async ({
    options: more = {},
    env: moreEnv = {},
    through,
    connect,
    namespace,
  } = {}) => {
    const own = client(through, connect)
    const loaded = await deployerEntry.load()
    const face = await loaded.start({
      cluster: own,
      clock: ports.clock,
      reach: reachThrough({ cluster: own, way: 'proxy', rules: strictRules, direct: sendDirect }),
      log: { ...silentLog, warn: tell, error: tell },
      address: { host: '127.0.0.1', port: 0 },
      // A busy machine must not fail what is meant to succeed.
      options: { deployerAuth: 'none', deployerTimeout: '600s', ...options, ...more },
      env: { ...env, ...moreEnv },
      ...(namespace === undefined ? {} : { namespace }),
      instance: 'test',
    })
    faces.push(face)
    return face
  }
  const face = await another()
  if (leads) face.lead(() => true)
  return {
    cluster,
    gateway: local.gateway.url,
    httpsPort: local.gateway.httpsPort ?? 0,
    url: `http://127.0.0.1:${face.port}`,
    face,
    another,
    within: async (limit, act) => {
      await face.standBy()
      const strict = await another({ options: { deployerTimeout: limit } })
      strict.lead(() => true)
      try {
        await act()
      } finally {
        await strict.standBy()
        face.lead(() => true)
      }
    },
    stop: async () => {
      await Promise.all(faces.map((one) => one.stop()))
      await controller.stop()
      await Promise.all(clients.map((one) => one.close()))
      await local.stop()
    },
  }
}

function same<T>(value: T): T {
  return value
}

function tell(facts: unknown, message: string): void {
  if (process.env['HEADGATE_TEST_LOG'] !== undefined)
    process.stderr.write(`${message} ${JSON.stringify(facts)}\n`)
}
