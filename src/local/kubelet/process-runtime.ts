/**
 * Runs containers as processes: the sample app in a process of its own up to a limit, beyond it several to one host
 * process. A container's own command runs only where that is allowed; otherwise every image is the sample app.
 */
import type { Ports } from '#kube/ports.ts'
import { startCommand } from './command.ts'
import { openCompileCache } from './compile-cache.ts'
import { HostProcess } from './host-process.ts'
import { probeOver } from './probe-request.ts'
import type { ContainerEvents, ContainerFacts, RunningContainer, Runtime } from './runtime.ts'

export type ProcessRuntimeOptions = {
  /** So many containers get a process each. Default 40. */
  readonly ownProcesses?: number
  /** So many containers share a host process beyond that. Default 50. */
  readonly perHost?: number
  /** Lets containers run their own `command` on this machine, with the rights of whoever started the cluster. */
  readonly allowCommands?: boolean
  /** The clock of the pods runs so many times as fast. Default 1. */
  readonly speed?: number
}

export function processRuntime(ports: Ports, options: ProcessRuntimeOptions = {}): Runtime {
  return new ProcessRuntime(ports, options)
}

class ProcessRuntime implements Runtime {
  readonly #ports: Ports
  readonly #options: Required<ProcessRuntimeOptions>
  readonly #compileCache = openCompileCache()
  readonly #own = new Set<HostProcess>()
  readonly #hosts = new Set<HostProcess>()
  readonly #commands = new Set<{ readonly close: () => void; readonly exited: Promise<void> }>()

  constructor(ports: Ports, options: ProcessRuntimeOptions) {
    this.#ports = ports
    this.#options = { ownProcesses: 40, perHost: 50, allowCommands: false, speed: 1, ...options }
    if (this.#compileCache.isNew) this.#warmUp()
  }

  readonly start = (facts: ContainerFacts, events: ContainerEvents): RunningContainer => {
    if (facts.command !== undefined && facts.command.length > 0 && this.#options.allowCommands) {
      return startCommand(this.#ports, facts, events, this.#commands)
    }
    return this.#startSample(facts, events)
  }

  readonly close = async (): Promise<void> => {
    const all = [...this.#own, ...this.#hosts, ...this.#commands]
    for (const process of all) process.close()
    await Promise.all(all.map((process) => process.exited))
    this.#compileCache.close()
  }

  /** Runs the program once without a pod: from then on it starts from its compiled form, in a third of the time. */
  #warmUp(): void {
    const warm = this.#launch(false, this.#own)
    warm.start(
      'warm',
      { image: '', pod: '', namespace: '', env: {}, ports: [] },
      {
        listening: () => warm.terminate('warm'),
        ready: () => undefined,
        log: () => undefined,
        exited: () => undefined,
      },
    )
  }

  #startSample(facts: ContainerFacts, events: ContainerEvents): RunningContainer {
    const host = this.#hostForOneMore()
    const id = this.#ports.newId()
    const addresses = new Map<number, string>()
    const { image, pod, namespace, env, ports } = facts
    host.start(
      id,
      { image, pod, namespace, env, ports },
      {
        listening: (pairs) => {
          for (const [port, local] of pairs) addresses.set(port, `127.0.0.1:${local}`)
          events.started(addresses)
        },
        ready: events.ready,
        log: events.log,
        exited: events.exited,
      },
    )
    return {
      probe: async (request) => {
        const address = addresses.get(request.port)
        if (address !== undefined) return probeOver(this.#ports.clock, address, request)
        const message = `dial tcp ${facts.podIP}:${request.port}: connect: connection refused`
        return { ok: false, message }
      },
      terminate: () => host.terminate(id),
      kill: () => host.kill(id),
    }
  }

  #hostForOneMore(): HostProcess {
    if (this.#own.size < this.#options.ownProcesses) return this.#launch(false, this.#own)
    for (const host of this.#hosts) {
      if (host.usable && host.size < this.#options.perHost) return host
    }
    return this.#launch(true, this.#hosts)
  }

  #launch(shared: boolean, among: Set<HostProcess>): HostProcess {
    const { speed } = this.#options
    const host = new HostProcess({ shared, speed, compileCache: this.#compileCache.folder })
    among.add(host)
    void host.exited.then(() => among.delete(host))
    return host
  }
}
