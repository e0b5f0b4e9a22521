/**
 * The kubelet stand-in: registers nodes, gives pods a node, runs them, and tells the API server how they fare.
 *
 * A pod that is deleted goes on serving for `drainMs` before it gets SIGTERM, unless it has a preStop hook of its own.
 * Gateways learn of an endpoint's end with some delay; the wait, customary as a preStop sleep in real clusters, is what
 * keeps requests from being refused. It has to be longer than the gateway's delay.
 */
import { kinds } from '#core/k8s/kinds.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Ports } from '#kube/ports.ts'
import { type EventRecorder, startEvents } from '../controllers/events.ts'
import type { Pod } from '../controllers/shapes.ts'
import { Watches } from '../controllers/watches.ts'
import { PodAddresses } from './addresses.ts'
import { type LogServer, startLogServer } from './log-server.ts'
import { Logs } from './logs.ts'
import { keepAlive, registerNode } from './nodes.ts'
import { type PodDeps, PodRun } from './pod-run.ts'
import { processRuntime } from './process-runtime.ts'
import type { Runtime } from './runtime.ts'
import { startScheduler } from './scheduler.ts'

export type KubeletOptions = {
  /** Names of the nodes to be. Default `local`. */
  readonly nodes?: readonly string[]
  /** How containers run; default: as processes. Closed with the kubelet. */
  readonly runtime?: Runtime
  /** Between a pod's deletion and SIGTERM, in milliseconds; see above. Default 300. */
  readonly drainMs?: number
  /** Runs a container's own `command` on this machine. Default false. */
  readonly allowCommands?: boolean
  /** So many pods get a process each before they share one; for the default runtime. Default 40. */
  readonly ownProcesses?: number
  /** The pods' own clock runs so many times as fast; for the default runtime. Default 1. */
  readonly speed?: number
  /** Serves logs over HTTP on loopback. Default true; false where there are no sockets. */
  readonly serveLogs?: boolean
  /** Told of what went wrong with the pod or node of that key. Default: nothing. */
  readonly report?: (key: string, error: unknown) => void
}

export type Kubelet = {
  /** Ends all pods at once, without saying so to the API server. */
  readonly stop: () => Promise<void>
}

/** Resolves when the nodes are registered. @throws KubeError when they cannot be. */
export async function startKubelet(
  cluster: Cluster,
  ports: Ports,
  options: KubeletOptions = {},
): Promise<Kubelet> {
  const kubelet = new LocalKubelet(cluster, ports, options)
  try {
    await kubelet.start()
  } catch (error) {
    await kubelet.stop()
    throw error
  }
  return kubelet
}

const podsPerNode = 10_000

class LocalKubelet implements Kubelet {
  readonly #cluster: Cluster
  readonly #ports: Ports
  readonly #options: KubeletOptions
  readonly #report: (key: string, error: unknown) => void
  readonly #watches: Watches
  readonly #runtime: Runtime
  readonly #logs: Logs
  readonly #addresses = new PodAddresses()
  readonly #nodes = new Map<string, { readonly deps: PodDeps; readonly events: EventRecorder }>()
  readonly #pods = new Map<string, { readonly uid: string; readonly run: PodRun }>()
  readonly #ending = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  readonly #stoppers: (() => Promise<void>)[] = []
  readonly #beats: Promise<void>[] = []

  constructor(cluster: Cluster, ports: Ports, options: KubeletOptions) {
    this.#cluster = cluster
    this.#ports = ports
    this.#options = options
    this.#report = options.report ?? (() => undefined)
    this.#watches = new Watches(cluster)
    this.#logs = new Logs(ports.clock)
    this.#runtime = options.runtime ?? processRuntime(ports, options)
  }

  async start(): Promise<void> {
    const server =
      this.#options.serveLogs === false
        ? undefined
        : await startLogServer(this.#ports.clock, this.#logs)
    if (server !== undefined) this.#stoppers.push(server.close)
    const names = this.#options.nodes ?? ['local']
    await Promise.all(names.map((name, index) => this.#addNode(name, index, server)))
    this.#startScheduler()
    await this.#watches.synced()
    const pods = this.#watches.of<Pod>(kinds.pod)
    // Addresses in use are kept before the first new one is given out.
    for (const { status } of pods.values()) {
      if (status?.podIP !== undefined) this.#addresses.keep(status.podIP)
    }
    for (const key of pods.keys()) {
      const pod = pods.get(key)
      if (pod !== undefined) this.#put(key, pod)
    }
    pods.subscribe((change) => {
      if (change.type === 'gone') this.#gone(change.key)
      else this.#put(change.key, change.now)
    })
  }

  readonly stop = async (): Promise<void> => {
    this.#stopping.abort()
    for (const { run } of this.#pods.values()) run.silence()
    await this.#watches.stop()
    await this.#runtime.close()
    await Promise.all(this.#stoppers.map((stop) => stop()))
    await Promise.all([...this.#beats, ...this.#ending])
  }

  async #addNode(name: string, index: number, server: LogServer | undefined): Promise<void> {
    const { cluster, ports } = { cluster: this.#cluster, ports: this.#ports }
    const address = `172.18.0.${index + 2}`
    const kubeletPort = server?.port ?? 10250
    const facts = { name, address, pods: podsPerNode, kubeletPort }
    const node = await registerNode(cluster, ports, facts)
    const events = startEvents(cluster, ports, { component: 'kubelet', host: name })
    this.#stoppers.push(events.stop)
    const report = (error: unknown): void => this.#report(`node ${name}`, error)
    const { signal } = this.#stopping
    this.#beats.push(keepAlive({ cluster, ports, node, signal, report }))
    this.#nodes.set(name, { events, deps: this.#podDeps(events, address, server) })
  }

  #podDeps(events: EventRecorder, hostIP: string, server: LogServer | undefined): PodDeps {
    return {
      cluster: this.#cluster,
      ports: this.#ports,
      runtime: this.#runtime,
      events,
      addresses: this.#addresses,
      logs: this.#logs,
      hostIP,
      drainMs: this.#options.drainMs ?? 300,
      logsUrl: ({ metadata }) =>
        server === undefined
          ? undefined
          : `${server.url}/logs/${metadata.namespace ?? ''}/${metadata.name}`,
      report: (error) => this.#report('pods', error),
    }
  }

  #startScheduler(): void {
    const events = startEvents(this.#cluster, this.#ports, { component: 'default-scheduler' })
    const queue = startScheduler({
      cluster: this.#cluster,
      ports: this.#ports,
      watches: this.#watches,
      events,
      report: this.#report,
    })
    this.#stoppers.push(queue.stop, events.stop)
  }

  #put(key: string, pod: Pod): void {
    const known = this.#pods.get(key)
    const uid = pod.metadata.uid ?? ''
    if (known?.uid === uid) return known.run.update(pod)
    if (known !== undefined) this.#gone(key)
    const node = this.#nodes.get(pod.spec.nodeName ?? '')
    if (node === undefined || this.#stopping.signal.aborted) return
    const run = new PodRun(node.deps, pod)
    this.#pods.set(key, { uid, run })
    run.start()
  }

  #gone(key: string): void {
    const known = this.#pods.get(key)
    if (known === undefined) return
    this.#pods.delete(key)
    const ended = known.run.gone()
    this.#ending.add(ended)
    void ended.finally(() => this.#ending.delete(ended))
  }
}
