/**
 * ReplicaSets and ReplicationControllers: keep as many pods as asked for, adopt those that match, let go of those that
 * no longer do. The two kinds differ only in how their selector is written.
 */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, LabelSelector } from '#core/k8s/meta.ts'
import { isKube } from '#kube/errors.ts'
import { lookAgainWhenBehindMs, OwnWrites } from '#kube/own-writes.ts'
import { keyOf } from '#kube/store.ts'
import type { LookAgain } from '#kube/work-queue.ts'
import { type Context, type Controller, queueFor } from './context.ts'
import type { EventRecorder } from './events.ts'
import { claim, controllerOf } from './owners.ts'
import { Pace } from './pace.ts'
import { deletionOrder, isActive, podFromTemplate } from './pods.ts'
import { statusChanged, statusOf, type Trial } from './replica-status.ts'
import { isEmptySelector, matcher } from './selectors.ts'
import type {
  Pod,
  PodTemplate,
  ReplicaSet,
  ReplicaStatus,
  ReplicationController,
} from './shapes.ts'
import { byController, byNamespace, type Index, orphansOf } from './watches.ts'

/** What both kinds have in common. */
export type Replicated = KubeObject & {
  readonly spec: {
    readonly replicas?: number
    readonly minReadySeconds?: number
    readonly template?: PodTemplate
  }
  readonly status?: ReplicaStatus
}

type Flavour<T extends Replicated> = {
  readonly kind: Kind
  readonly component: string
  readonly selectorOf: (owner: T) => LabelSelector
}

const replicaSets: Flavour<ReplicaSet> = {
  kind: kinds.replicaSet,
  component: 'replicaset-controller',
  selectorOf: ({ spec }) => spec.selector,
}

const replicationControllers: Flavour<ReplicationController> = {
  kind: kinds.replicationController,
  component: 'replication-controller',
  selectorOf: ({ spec }) => ({ matchLabels: spec.selector ?? {} }),
}

export function startReplicaSets(context: Context): Controller {
  return new Replicas(context, replicaSets)
}

export function startReplicationControllers(context: Context): Controller {
  return new Replicas(context, replicationControllers)
}

// As many pods are created or deleted in one pass at most.
const burst = 500

class Replicas<T extends Replicated> implements Controller {
  readonly name: string
  readonly queue
  readonly #context: Context
  readonly #flavour: Flavour<T>
  readonly #events: EventRecorder
  readonly #own: OwnWrites
  readonly #pace: Pace
  readonly #owners
  readonly #pods
  readonly #podsByController: Index<Pod>
  readonly #ownersByNamespace: Index<T>

  constructor(context: Context, flavour: Flavour<T>) {
    this.name = flavour.component
    this.#context = context
    this.#flavour = flavour
    this.#events = context.events(flavour.component)
    this.#own = new OwnWrites(context.ports.clock)
    this.#pace = new Pace(context.ports.clock)
    const { watches } = context
    this.#podsByController = watches.index<Pod>(kinds.pod, 'controller', byController)
    this.#ownersByNamespace = watches.index<T>(flavour.kind, 'namespace', byNamespace)
    this.#owners = watches.of<T>(flavour.kind)
    this.#pods = watches.of<Pod>(kinds.pod)
    this.queue = queueFor(context, this.name, this.#reconcile)
    this.#owners.subscribe(({ key }) => this.queue.add(key))
    this.#pods.subscribe((change) => {
      if (change.before !== undefined) this.#wakeOwners(change.before)
      if (change.type === 'put') this.#wakeOwners(change.now)
    })
  }

  #wakeOwners(pod: Pod): void {
    const { namespace, labels } = pod.metadata
    const controller = controllerOf(pod)
    if (controller !== undefined) {
      if (controller.kind === this.#flavour.kind.kind)
        this.queue.add(`${namespace}/${controller.name}`)
      return
    }
    for (const owner of this.#ownersByNamespace.at(namespace ?? '')) {
      if (this.#matches(owner)(labels)) this.queue.add(keyOf(owner))
    }
  }

  // An empty selector would claim every pod of the namespace; the API refuses it, and so do we.
  #matches(owner: T) {
    const selector = this.#flavour.selectorOf(owner)
    return isEmptySelector(selector) ? () => false : matcher(selector)
  }

  readonly #reconcile = async (key: string): Promise<LookAgain> => {
    const owner = this.#owners.get(key)
    if (owner === undefined) {
      this.#pace.forget(key)
      return undefined
    }
    if (this.#own.behind(key)) return lookAgainWhenBehindMs
    const wait = this.#waitForMore(key, owner)
    if (wait !== undefined) return wait
    const pods = await this.#claim(key, owner)
    let trial: Trial = { kind: 'untried' }
    if (owner.metadata.deletionTimestamp === undefined) trial = await this.#manage(key, owner, pods)
    const again = await this.#writeStatus(key, owner, pods, trial)
    if (trial.kind === 'failed') throw trial.error
    return again
  }

  // Only the pods' own changes are taken together; what somebody asks of the set is done at once.
  #waitForMore(key: string, { metadata, status }: T): number | undefined {
    if (metadata.deletionTimestamp !== undefined) return undefined
    if (metadata.generation !== status?.observedGeneration) return undefined
    return this.#pace.wait(key, (status?.replicas ?? 0) / 4)
  }

  async #claim(key: string, owner: T): Promise<readonly Pod[]> {
    const owned = this.#podsByController.at(owner.metadata.uid ?? '')
    const orphans = this.#podsByController.at(orphansOf(owner.metadata.namespace))
    return claim({
      cluster: this.#context.cluster,
      ownerKind: this.#flavour.kind,
      owner,
      kind: kinds.pod,
      candidates: [...owned, ...orphans].filter(isActive),
      matches: this.#matches(owner),
      wrote: (answer) => this.#own.wrote(key, this.#pods, answer),
    })
  }

  async #manage(key: string, owner: T, pods: readonly Pod[]): Promise<Trial> {
    const missing = (owner.spec.replicas ?? 1) - pods.length
    try {
      if (missing > 0) await this.#createPods(key, owner, Math.min(missing, burst))
      if (missing < 0) await this.#deletePods(key, owner, pods, Math.min(-missing, burst))
      return { kind: 'done' }
    } catch (error) {
      return { kind: 'failed', reason: missing > 0 ? 'FailedCreate' : 'FailedDelete', error }
    }
  }

  // In batches that double: where the first pod is refused, the other 499 are not tried.
  async #createPods(key: string, owner: T, count: number): Promise<void> {
    for (let left = count, batch = 1; left > 0; batch *= 2) {
      const size = Math.min(batch, left)
      await allOrFirstError(Array.from({ length: size }, () => this.#createPod(key, owner)))
      left -= size
    }
  }

  async #createPod(key: string, owner: T): Promise<void> {
    const { cluster } = this.#context
    const template = owner.spec.template
    if (template === undefined) return
    try {
      const made = await cluster.create(
        kinds.pod,
        podFromTemplate(this.#flavour.kind, owner, template),
      )
      this.#own.wrote(key, this.#pods, made)
      const said = `Created pod: ${made.metadata.name}`
      this.#events.record(owner, 'Normal', 'SuccessfulCreate', said)
    } catch (error) {
      if (isTerminatingNamespace(error)) return
      this.#events.record(owner, 'Warning', 'FailedCreate', `Error creating: ${textOf(error)}`)
      throw error
    }
  }

  async #deletePods(key: string, owner: T, pods: readonly Pod[], count: number): Promise<void> {
    const crowd = this.#crowding(owner)
    const order = deletionOrder(pods, crowd, this.#context.ports.clock.now())
    await allOrFirstError(order.slice(0, count).map((pod) => this.#deletePod(key, owner, pod)))
  }

  async #deletePod(key: string, owner: T, pod: Pod): Promise<void> {
    const uid = pod.metadata.uid
    try {
      await this.#context.cluster.remove(kinds.pod, pod.metadata, uid === undefined ? {} : { uid })
      this.#own.removed(key, this.#pods, pod)
      const said = `Deleted pod: ${pod.metadata.name}`
      this.#events.record(owner, 'Normal', 'SuccessfulDelete', said)
    } catch (error) {
      if (isKube(error, 'NotFound')) return
      this.#events.record(owner, 'Warning', 'FailedDelete', `Error deleting: ${textOf(error)}`)
      throw error
    }
  }

  // Pods of sibling sets under the same owner count as well: a rolling update spreads over nodes as a whole.
  #crowding(owner: T): (pod: Pod) => number {
    const parent = controllerOf(owner)?.uid
    const siblings = this.#ownersByNamespace
      .at(owner.metadata.namespace ?? '')
      .filter((other) =>
        parent === undefined
          ? other.metadata.uid === owner.metadata.uid
          : controllerOf(other)?.uid === parent,
      )
    const crowds = new Map<string, number>()
    for (const sibling of siblings) {
      for (const pod of this.#podsByController.at(sibling.metadata.uid ?? '')) {
        if (!isActive(pod)) continue
        const node = pod.spec.nodeName ?? ''
        crowds.set(node, (crowds.get(node) ?? 0) + 1)
      }
    }
    return (pod) => crowds.get(pod.spec.nodeName ?? '') ?? 0
  }

  async #writeStatus(
    key: string,
    owner: T,
    pods: readonly Pod[],
    trial: Trial,
  ): Promise<LookAgain> {
    const now = this.#context.ports.clock.now()
    const { status, nextChangeAt } = statusOf(owner, pods, trial, now)
    if (statusChanged(owner, status)) {
      const { cluster } = this.#context
      const options = { subresource: 'status' }
      const answer = await cluster.replace(this.#flavour.kind, { ...owner, status }, options)
      this.#own.wrote(key, this.#owners, answer)
      this.#pace.wrote(key)
    }
    return nextChangeAt === undefined ? undefined : Math.max(1, nextChangeAt - now)
  }
}

async function allOrFirstError(work: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(work)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** Creating in a namespace that is being deleted is refused for good; not worth an Event or a retry. */
function isTerminatingNamespace(error: unknown): boolean {
  if (!isKube(error, 'Forbidden')) return false
  const details = error.status?.details as { causes?: readonly { reason?: string }[] } | undefined
  return (
    details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true ||
    error.message.includes('being terminated')
  )
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
