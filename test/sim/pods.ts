/** The pods of a run: simulated containers that can be slow, crash and be counted, whatever the API server knows. */
import type { Clock } from '#kube/ports.ts'
import type { RunningContainer, Runtime } from '#local/kubelet/runtime.ts'
import { simulatedRuntime } from '#local/kubelet/simulated-runtime.ts'

export type Pods = {
  readonly runtime: Runtime
  /** Names of the pods whose container answers requests now, with their images. */
  readonly serving: ReadonlyMap<string, string>
  /** Containers that start from now on take so long. */
  readonly startIn: (ms: number) => void
  /** EndpointSlices follow their pods so much later. */
  readonly listIn: (ms: number) => void
  readonly listDelayMs: () => number
  /** Every so many-th running container dies at once. */
  readonly crash: (every: number) => void
  readonly subscribe: (listener: () => void) => void
}

const usualStartMs = 400

export function podsOver(clock: Clock): Pods {
  const serving = new Map<string, string>()
  const running = new Map<string, RunningContainer>()
  const listeners: (() => void)[] = []
  let startMs = usualStartMs
  let listMs = 0
  const inner = simulatedRuntime(clock)
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  return {
    serving,
    listDelayMs: () => listMs,
    listIn: (ms) => {
      listMs = ms
    },
    startIn: (ms) => {
      startMs = ms
    },
    crash: (every) => {
      ;[...running.values()].forEach((container, index) => {
        if (index % every === 0) container.kill()
      })
    },
    subscribe: (listener) => listeners.push(listener),
    runtime: {
      close: inner.close,
      start: (facts, events) => {
        const { pod, image } = facts
        const container = slowly(
          clock,
          startMs,
          (started) =>
            inner.start(facts, {
              ...events,
              started: (addresses) => {
                serving.set(pod, image)
                started()
                events.started(addresses)
                tell()
              },
              exited: (exit) => {
                serving.delete(pod)
                running.delete(pod)
                events.exited(exit)
                tell()
              },
            }),
          (exitCode) => {
            running.delete(pod)
            events.exited({ exitCode })
          },
        )
        running.set(pod, container)
        return container
      },
    },
  }
}

/** A container that exists at once and begins to run later. */
function slowly(
  clock: Clock,
  startMs: number,
  begin: (started: () => void) => RunningContainer,
  endedBefore: (exitCode: number) => void,
): RunningContainer {
  let inner: RunningContainer | undefined
  let over = false
  const cancel = clock.after(startMs, () => {
    inner = begin(() => undefined)
  })
  const end = (exitCode: number): void => {
    if (over) return
    over = true
    cancel()
    endedBefore(exitCode)
  }
  return {
    probe: async (request) =>
      inner === undefined ? { ok: false, message: 'connection refused' } : inner.probe(request),
    terminate: () => (inner === undefined ? end(0) : inner.terminate()),
    kill: () => (inner === undefined ? end(137) : inner.kill()),
  }
}
