/** One pass over one Deployment: what it works on, and the writes it can make. */
import { kinds } from '#core/k8s/kinds.ts'
import type { Cache } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import type { OwnWrites } from '#kube/own-writes.ts'
import type { Context } from '../context.ts'
import { semanticEqual } from '../equality.ts'
import type { EventRecorder } from '../events.ts'
import { controllerOf } from '../owners.ts'
import type { Deployment, DeploymentStatus, ReplicaSet } from '../shapes.ts'
import { conditionOf, hasDeadline, newCondition, withCondition } from './conditions.ts'
import { newSetSize, replicasOf } from './numbers.ts'
import {
  newReplicaSet,
  nextRevision,
  revisionAnnotation,
  sameTemplate,
  setAnnotations,
  sizeAnnotations,
  sortSets,
} from './revisions.ts'
import type { Sets } from './status.ts'

export type PassOptions = {
  readonly context: Context
  readonly key: string
  readonly deployment: Deployment
  readonly own: OwnWrites
  readonly deployments: Cache<Deployment>
  readonly replicaSets: Cache<ReplicaSet>
  readonly events: EventRecorder
}

export class Pass {
  readonly #options: PassOptions
  #stored: DeploymentStatus
  /** With the conditions this pass has come to; they are written with the status at its end. */
  deployment: Deployment

  constructor(options: PassOptions) {
    this.#options = options
    this.deployment = options.deployment
    this.#stored = options.deployment.status ?? {}
  }

  get now(): number {
    return this.#options.context.ports.clock.now()
  }

  /** Notes a condition for the status that ends the pass. */
  condition(status: 'True' | 'False' | 'Unknown', reason: string, message: string): void {
    const condition = newCondition('Progressing', status, reason, message, this.now)
    const before = this.deployment.status ?? {}
    const conditions = withCondition(before.conditions ?? [], condition)
    this.deployment = { ...this.deployment, status: { ...before, conditions } }
  }

  /**
   * The sets by revision, with revision numbers brought up to date. `make` creates the newest where it is missing.
   * @throws KubeError; after a collision of names the next pass tries another name.
   */
  async sets(claimed: readonly ReplicaSet[], make: boolean): Promise<Sets> {
    const sorted = sortSets(this.deployment, claimed)
    const revision = nextRevision(sorted.old)
    if (sorted.newest === undefined && !make) return sorted
    const newest =
      sorted.newest === undefined
        ? await this.#create(sorted, revision)
        : await this.#bringUpToDate(sorted.newest, revision)
    await this.#noteRevision(newest)
    return { newest, old: sorted.old }
  }

  /** Returns the set as it is now. */
  async scale(set: ReplicaSet, replicas: number): Promise<ReplicaSet> {
    const before = replicasOf(set)
    const annotations = { ...set.metadata.annotations, ...sizeAnnotations(this.deployment) }
    if (before === replicas && semanticEqual(annotations, set.metadata.annotations)) return set
    const metadata = { ...set.metadata, annotations }
    const answer = await this.#replace({ ...set, metadata, spec: { ...set.spec, replicas } })
    if (before !== replicas) this.#tellScaled(set.metadata.name, before, replicas)
    return answer
  }

  async removeSet(set: ReplicaSet): Promise<void> {
    const { context, key, own, replicaSets } = this.#options
    const { uid } = set.metadata
    try {
      const options = uid === undefined ? {} : { uid }
      await context.cluster.remove(kinds.replicaSet, set.metadata, options)
      own.removed(key, replicaSets, set)
    } catch (error) {
      if (!isKube(error, 'NotFound')) throw error
    }
  }

  async writeStatus(status: DeploymentStatus): Promise<void> {
    if (semanticEqual(status, this.#stored)) return
    const { context, key, own, deployments } = this.#options
    const answer = await context.cluster.replace(
      kinds.deployment,
      { ...this.deployment, status },
      { subresource: 'status' },
    )
    own.wrote(key, deployments, answer)
    this.#stored = status
    this.deployment = { ...this.deployment, metadata: answer.metadata, status }
  }

  #tellScaled(name: string, before: number, now: number): void {
    const direction = now > before ? 'up' : 'down'
    const said = `Scaled ${direction} replica set ${name} from ${before} to ${now}`
    this.#options.events.record(this.deployment, 'Normal', 'ScalingReplicaSet', said)
  }

  async #replace(set: ReplicaSet): Promise<ReplicaSet> {
    const { context, key, own, replicaSets } = this.#options
    const answer = await context.cluster.replace(kinds.replicaSet, set)
    own.wrote(key, replicaSets, answer)
    return answer
  }

  async #bringUpToDate(set: ReplicaSet, revision: number): Promise<ReplicaSet> {
    const { spec } = this.deployment
    const annotations = setAnnotations(this.deployment, set, revision)
    const minReadySeconds = spec.minReadySeconds ?? 0
    this.#foundSet(set)
    if (
      semanticEqual(annotations, set.metadata.annotations) &&
      minReadySeconds === (set.spec.minReadySeconds ?? 0)
    )
      return set
    const metadata = { ...set.metadata, annotations }
    return this.#replace({ ...set, metadata, spec: { ...set.spec, minReadySeconds } })
  }

  #foundSet({ metadata }: ReplicaSet): void {
    if (!hasDeadline(this.deployment)) return
    if (conditionOf(this.deployment.status, 'Progressing') !== undefined) return
    this.condition('True', 'FoundNewReplicaSet', `Found new replica set "${metadata.name}"`)
  }

  async #create({ old }: Sets, revision: number): Promise<ReplicaSet> {
    const { context, key, own, replicaSets } = this.#options
    const size = newSetSize(this.deployment, old, 0)
    const wanted = newReplicaSet(this.deployment, revision, size)
    const { name } = wanted.metadata
    try {
      const made = await context.cluster.create(kinds.replicaSet, wanted)
      own.wrote(key, replicaSets, made)
      if (size > 0) this.#tellScaled(name, 0, size)
      if (hasDeadline(this.deployment))
        this.condition('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`)
      return made
    } catch (error) {
      if (isKube(error, 'AlreadyExists')) return this.#afterCollision(wanted, error)
      const why = error instanceof Error ? error.message : String(error)
      const said = `Failed to create new replica set "${name}": ${why}`
      this.#options.events.record(this.deployment, 'Warning', 'ReplicaSetCreateError', said)
      if (hasDeadline(this.deployment)) this.condition('False', 'ReplicaSetCreateError', said)
      await this.writeStatus(this.deployment.status ?? {})
      throw error
    }
  }

  // Ours already, only not seen yet; or of another template with the same hash: then the next pass takes another name.
  async #afterCollision(wanted: ReplicaSet, error: Error): Promise<ReplicaSet> {
    const { cluster } = this.#options.context
    const found = await cluster.get<ReplicaSet>(kinds.replicaSet, wanted.metadata)
    const isOurs = controllerOf(found)?.uid === this.deployment.metadata.uid
    if (isOurs && sameTemplate(found.spec.template, this.deployment.spec.template)) return found
    const before = this.deployment.status ?? {}
    await this.writeStatus({ ...before, collisionCount: (before.collisionCount ?? 0) + 1 })
    throw error
  }

  // kubectl reads the revision from the Deployment too.
  async #noteRevision(set: ReplicaSet): Promise<void> {
    const revision = set.metadata.annotations?.[revisionAnnotation]
    const { metadata } = this.deployment
    if (revision === undefined || metadata.annotations?.[revisionAnnotation] === revision) return
    const { context, key, own, deployments } = this.#options
    const annotations = { [revisionAnnotation]: revision }
    const body = { metadata: { uid: metadata.uid, annotations } }
    // Through the status, as the real one does it: a change of annotations elsewhere counts as a new generation.
    const answer = await context.cluster.patch<Deployment>(
      kinds.deployment,
      metadata,
      'merge',
      body,
      { subresource: 'status' },
    )
    own.wrote(key, deployments, answer)
    // What this pass has found out about the status goes on top of what the server answered.
    const { status } = this.deployment
    this.deployment = { ...this.deployment, metadata: answer.metadata, ...(status && { status }) }
  }
}
