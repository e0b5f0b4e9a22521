/**
 * Brings what a pod run knows to the API server: one write at a time, always the newest, nothing twice. Addresses are
 * written before the status that says the pod is ready, since whoever reads Ready goes on to read the address.
 */
import { kinds } from '#core/k8s/kinds.ts'
import type { Labels } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { type Clock, sleep } from '#kube/ports.ts'
import { semanticEqual } from '../controllers/equality.ts'
import type { Pod, PodStatus } from '../controllers/shapes.ts'

export type Wanted = { readonly annotations: Labels; readonly status: PodStatus }

const firstRetryMs = 50
const longestRetryMs = 10_000

export class StatusWriter {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #pod: Pod
  readonly #wanted: () => Wanted
  readonly #report: (error: unknown) => void
  #annotations: Labels
  #status: PodStatus
  #dirty = false
  #writing: Promise<void> | undefined
  #over = false

  constructor(options: {
    readonly cluster: Cluster
    readonly clock: Clock
    readonly pod: Pod
    /** Asked anew before each write. */
    readonly wanted: () => Wanted
    readonly report: (error: unknown) => void
  }) {
    this.#cluster = options.cluster
    this.#clock = options.clock
    this.#pod = options.pod
    this.#wanted = options.wanted
    this.#report = options.report
    this.#annotations = options.pod.metadata.annotations ?? {}
    this.#status = options.pod.status ?? {}
  }

  /** The status as last written, or as first found. */
  get written(): PodStatus {
    return this.#status
  }

  /** Something has changed; several changes of one turn are one write. */
  touch(): void {
    if (this.#over) return
    this.#dirty = true
    this.#writing ??= this.#run()
  }

  /** Resolves when what is known now has been written, or cannot be any more. */
  async flushed(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  /** The pod is gone: nothing is written from now on. */
  end(): void {
    this.#over = true
  }

  async #run(): Promise<void> {
    await Promise.resolve()
    let retryMs = firstRetryMs
    while (this.#dirty && !this.#over) {
      this.#dirty = false
      try {
        await this.#write(this.#wanted())
        retryMs = firstRetryMs
      } catch (error) {
        // Gone, or another pod of the same name.
        if (isKube(error, 'NotFound', 'Conflict')) break
        this.#report(error)
        this.#dirty = true
        await sleep(this.#clock, retryMs)
        retryMs = Math.min(retryMs * 2, longestRetryMs)
      }
    }
    this.#writing = undefined
  }

  async #write({ annotations, status }: Wanted): Promise<void> {
    const { uid } = this.#pod.metadata
    const fresh = Object.entries(annotations).some(
      ([key, value]) => this.#annotations[key] !== value,
    )
    if (fresh) {
      const body = { metadata: { uid, annotations } }
      await this.#cluster.patch(kinds.pod, this.#pod.metadata, 'merge', body)
      this.#annotations = { ...this.#annotations, ...annotations }
    }
    if (semanticEqual(status, this.#status)) return
    const body = { metadata: { uid }, status: changedFields(this.#status, status) }
    const options = { subresource: 'status' }
    await this.#cluster.patch(kinds.pod, this.#pod.metadata, 'merge', body, options)
    this.#status = status
  }
}

function changedFields(before: PodStatus, now: PodStatus): Partial<PodStatus> {
  return Object.fromEntries(
    Object.entries(now).filter(
      ([field, value]) => !semanticEqual(before[field as keyof PodStatus], value),
    ),
  )
}
