/** What containers wrote, bounded: the running one and the one before it. */
import type { Clock } from '#kube/ports.ts'

export type LogLine = { readonly at: number; readonly text: string }

/** Lines of one run of a container. */
export class LogRun {
  readonly lines: LogLine[] = []
  readonly #listeners = new Set<(line: LogLine) => void>()
  readonly #enders = new Set<() => void>()
  #ended = false

  append(line: LogLine): void {
    this.lines.push(line)
    // Cut in larger pieces, since removing from the front costs the length of the rest.
    if (this.lines.length > mostLines * 1.25) this.lines.splice(0, this.lines.length - mostLines)
    for (const listener of this.#listeners) listener(line)
  }

  end(): void {
    this.#ended = true
    for (const ender of this.#enders) ender()
    this.#enders.clear()
    this.#listeners.clear()
  }

  /** Calls back for every line to come, and at the end of the run. Returns what stops that. */
  follow(line: (line: LogLine) => void, ended: () => void): () => void {
    if (this.#ended) {
      ended()
      return () => undefined
    }
    this.#listeners.add(line)
    this.#enders.add(ended)
    return () => {
      this.#listeners.delete(line)
      this.#enders.delete(ended)
    }
  }
}

const mostLines = 4_000
const longestLine = 4_096

export type ContainerLog = { current: LogRun | undefined; previous: LogRun | undefined }

/** Logs of all containers of a kubelet, by `namespace/pod` and container. */
export class Logs {
  readonly #clock: Clock
  readonly #pods = new Map<string, Map<string, ContainerLog>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Begins a new run of a container; what ran until now becomes the previous one. */
  begin(
    pod: string,
    container: string,
  ): { readonly line: (text: string) => void; readonly end: () => void } {
    const containers = this.#pods.get(pod) ?? new Map<string, ContainerLog>()
    this.#pods.set(pod, containers)
    const run = new LogRun()
    const before = containers.get(container)
    containers.set(container, { current: run, previous: before?.current })
    return {
      line: (text) => run.append({ at: this.#clock.now(), text: text.slice(0, longestLine) }),
      end: () => run.end(),
    }
  }

  containers(pod: string): ReadonlyMap<string, ContainerLog> | undefined {
    return this.#pods.get(pod)
  }

  forget(pod: string): void {
    for (const { current } of this.#pods.get(pod)?.values() ?? []) current?.end()
    this.#pods.delete(pod)
  }
}
