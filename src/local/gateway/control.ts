/**
 * The control plane: from objects to statuses and, after the follow delay, to what is served. As in real gateways a
 * status says that a change was read before the data plane has it; Ingresses and Istio's objects say nothing at all.
 */
import type { SecureContext } from 'node:tls'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cache } from '#kube/cluster.ts'
import type { Clock } from '#kube/ports.ts'
import { certificateFinder } from './certificates.ts'
import type { Reading, Source } from './source.ts'
import { buildTable, emptyTable, type Table } from './table.ts'

export type ControlOptions = {
  readonly followDelayMs: number
  readonly report: (error: unknown) => void
}

/** What the data plane goes by. */
export type Serving = {
  readonly table: Table
  readonly certificate: (serverName: string) => SecureContext | undefined
}

export type Control = {
  readonly serving: () => Serving
  readonly setFollowDelay: (ms: number) => void
  readonly stop: () => Promise<void>
}

const retryMs = 500
const nothing: Reading = { entries: [], certificates: [], writes: [], defects: [] }

/** @param shared caches that belong to no source but matter to them */
export function startControl(
  clock: Clock,
  sources: readonly Source[],
  shared: readonly Cache<KubeObject>[],
  options: ControlOptions,
): Control {
  let serving: Serving = { table: emptyTable, certificate: () => undefined }
  let delayMs = options.followDelayMs
  let installed = 0
  let sequence = 0
  let due = false
  let stopped = false
  let working: Promise<void> = Promise.resolve()
  const cancels = new Set<() => void>()
  const read = reader(sources, options.report)

  const later = (ms: number, callback: () => void): void => {
    const cancel = clock.after(ms, () => {
      cancels.delete(cancel)
      callback()
    })
    cancels.add(cancel)
  }

  const pass = async (): Promise<void> => {
    if (stopped) return
    due = false
    const number = ++sequence
    const { made, writes } = read(clock.now())
    const results = await Promise.allSettled(writes.map((write) => write()))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined && !stopped) {
      options.report(failed.reason)
      later(retryMs, schedule)
    }
    if (stopped) return
    // Out of order only when the delay was shortened meanwhile; then the newer reading stays.
    const install = (): void => {
      if (number <= installed) return
      installed = number
      serving = made
    }
    if (delayMs <= 0) install()
    else later(delayMs, install)
  }

  // Changes that arrive together are read together; passes never overlap.
  const schedule = (): void => {
    if (due || stopped) return
    due = true
    working = working.then(pass).catch(options.report)
  }

  for (const cache of [...shared, ...sources.flatMap(({ caches }) => caches)]) {
    cache.subscribe(schedule)
  }
  schedule()
  return {
    serving: () => serving,
    setFollowDelay: (ms) => {
      delayMs = ms
    },
    stop: async () => {
      stopped = true
      for (const cancel of cancels) cancel()
      await working
    },
  }
}

/** Reads all sources into one; where reading one fails as a whole, what it gave last goes on being served. */
function reader(sources: readonly Source[], report: (error: unknown) => void) {
  const last = new Map<Source, Reading>()
  let told: ReadonlySet<string> = new Set()
  return (now: number): { readonly made: Serving; readonly writes: Reading['writes'] } => {
    const readings = sources.map((source): Reading => {
      try {
        const reading = source.read(now)
        last.set(source, reading)
        return reading
      } catch (error) {
        report(error)
        return { ...(last.get(source) ?? nothing), writes: [] }
      }
    })
    const defects = new Set(readings.flatMap((reading) => reading.defects))
    for (const defect of defects) if (!told.has(defect)) report(new Error(defect))
    told = defects
    return {
      made: {
        table: buildTable(readings.flatMap(({ entries }) => entries)),
        certificate: certificateFinder(readings.flatMap(({ certificates }) => certificates)),
      },
      writes: readings.flatMap(({ writes }) => writes),
    }
  }
}
