/** Inside the network namespace: pods answer at their own addresses, as a real API server and real gateways expect. */
import type { Runtime } from '#local/kubelet/runtime.ts'
import { type Forwarder, forward } from './forward.ts'

/** The same runtime; every port of a pod is also reached at the pod's address for as long as the container runs. */
export function reachable(runtime: Runtime, report: (error: unknown) => void): Runtime {
  return {
    start: (facts, events) => {
      const open: Promise<Forwarder | undefined>[] = []
      const close = (): void => {
        for (const forwarder of open) void forwarder.then((one) => one?.close())
      }
      return runtime.start(facts, {
        ...events,
        started: (addresses) => {
          for (const [port, address] of addresses) {
            const [host = '', target = ''] = address.split(':')
            const to = { host, port: Number(target) }
            const opened = forward({ host: facts.podIP, port }, to).catch((error: unknown) => {
              report(error)
              return undefined
            })
            open.push(opened)
          }
          // Told only when it is true: whoever hears of an address may use it at once.
          void Promise.all(open).then(() => events.started(addresses))
        },
        exited: (exit) => {
          close()
          events.exited(exit)
        },
      })
    },
    close: () => runtime.close(),
  }
}
