/** Deployments: a ReplicaSet a revision, and pods that move between them as the strategy says. */
import { kinds } from '#core/k8s/kinds.ts'
import { lookAgainWhenBehindMs, OwnWrites } from '#kube/own-writes.ts'
import { keyOf } from '#kube/store.ts'
import type { LookAgain } from '#kube/work-queue.ts'
import { type Context, type Controller, queueFor } from '../context.ts'
import type { EventRecorder } from '../events.ts'
import { claim, controllerOf } from '../owners.ts'
import { isEmptySelector, matcher } from '../selectors.ts'
import type { Deployment, Pod, ReplicaSet } from '../shapes.ts'
import { byController, byNamespace, type Index, orphansOf } from '../watches.ts'
import { conditionOf, deadlineOf, hasDeadline } from './conditions.ts'
import { isRollingUpdate } from './numbers.ts'
import { Pass } from './pass.ts'
import { cleanUp, followScale, recreate, rollingUpdate, wasScaled } from './rollout.ts'
import { countStatus, rolloutStatus, type Sets } from './status.ts'

export function startDeployments(context: Context): Controller {
  return new Deployments(context)
}

class Deployments implements Controller {
  readonly name = 'deployment-controller'
  readonly queue
  readonly #context: Context
  readonly #events: EventRecorder
  readonly #own: OwnWrites
  readonly #deployments
  readonly #replicaSets
  readonly #setsByController: Index<ReplicaSet>
  readonly #podsByController: Index<Pod>
  readonly #deploymentsByNamespace: Index<Deployment>

  constructor(context: Context) {
    this.#context = context
    this.#events = context.events(this.name)
    this.#own = new OwnWrites(context.ports.clock)
    const { watches } = context
    this.#setsByController = watches.index<ReplicaSet>(kinds.replicaSet, 'controller', byController)
    this.#podsByController = watches.index<Pod>(kinds.pod, 'controller', byController)
    this.#deploymentsByNamespace = watches.index<Deployment>(
      kinds.deployment,
      'namespace',
      byNamespace,
    )
    this.#deployments = watches.of<Deployment>(kinds.deployment)
    this.#replicaSets = watches.of<ReplicaSet>(kinds.replicaSet)
    this.queue = queueFor(context, this.name, this.#reconcile)
    this.#deployments.subscribe(({ key }) => this.queue.add(key))
    this.#replicaSets.subscribe((change) => {
      if (change.before !== undefined) this.#wake(change.before)
      if (change.type === 'put') this.#wake(change.now)
    })
    watches.of<Pod>(kinds.pod).subscribe((change) => {
      if (change.type === 'gone') this.#wakeForPod(change.before)
    })
  }

  #wake(set: ReplicaSet): void {
    const { namespace = '', labels } = set.metadata
    const controller = controllerOf(set)
    if (controller?.kind === 'Deployment') this.queue.add(`${namespace}/${controller.name}`)
    if (controller !== undefined) return
    for (const deployment of this.#deploymentsByNamespace.at(namespace)) {
      if (matcher(deployment.spec.selector)(labels)) this.queue.add(keyOf(deployment))
    }
  }

  // Recreate waits for the last old pod, and no ReplicaSet changes when that one goes.
  #wakeForPod(pod: Pod): void {
    const { namespace = '' } = pod.metadata
    const owner = controllerOf(pod)
    if (owner?.kind !== 'ReplicaSet') return
    const set = this.#replicaSets.get(`${namespace}/${owner.name}`)
    if (set !== undefined) this.#wake(set)
  }

  readonly #reconcile = async (key: string): Promise<LookAgain> => {
    const deployment = this.#deployments.get(key)
    if (deployment === undefined) return undefined
    if (this.#own.behind(key)) return lookAgainWhenBehindMs
    const pass = new Pass({
      context: this.#context,
      key,
      deployment,
      own: this.#own,
      deployments: this.#deployments,
      replicaSets: this.#replicaSets,
      events: this.#events,
    })
    if (isEmptySelector(deployment.spec.selector)) return this.#refuseAll(pass)
    const claimed = await this.#claim(key, deployment)
    const sets = await pass.sets(claimed, false)
    if (deployment.metadata.deletionTimestamp !== undefined) return this.#onlyCount(pass, sets)
    // Seen by others before anything follows from it: what comes next has its own word for progress.
    if (notePause(pass)) await pass.writeStatus(pass.deployment.status ?? {})
    if (deployment.spec.paused === true || wasScaled(pass, sets)) return this.#stand(pass, sets)
    return this.#roll(pass, sets, claimed)
  }

  async #claim(key: string, deployment: Deployment): Promise<readonly ReplicaSet[]> {
    const { uid = '', namespace } = deployment.metadata
    return claim({
      cluster: this.#context.cluster,
      ownerKind: kinds.deployment,
      owner: deployment,
      kind: kinds.replicaSet,
      candidates: [
        ...this.#setsByController.at(uid),
        ...this.#setsByController.at(orphansOf(namespace)),
      ],
      matches: matcher(deployment.spec.selector),
      wrote: (answer) => this.#own.wrote(key, this.#replicaSets, answer),
    })
  }

  async #refuseAll(pass: Pass): Promise<LookAgain> {
    const said = 'This deployment is selecting all pods. A non-empty selector is required.'
    this.#events.record(pass.deployment, 'Warning', 'SelectingAll', said)
    const { generation } = pass.deployment.metadata
    if (generation !== undefined)
      await pass.writeStatus({ ...pass.deployment.status, observedGeneration: generation })
    return undefined
  }

  async #onlyCount(pass: Pass, sets: Sets): Promise<LookAgain> {
    await pass.writeStatus(countStatus(pass.deployment, sets, pass.now))
    return undefined
  }

  /** Paused, or just scaled: sizes follow, revisions stay. */
  async #stand(pass: Pass, sets: Sets): Promise<LookAgain> {
    const after = await followScale(pass, sets)
    if (pass.deployment.spec.paused === true) await cleanUp(pass, after.old)
    return this.#onlyCount(pass, after)
  }

  async #roll(pass: Pass, sets: Sets, claimed: readonly ReplicaSet[]): Promise<LookAgain> {
    const makeNewest = async (): Promise<Sets> =>
      sets.newest === undefined ? pass.sets(claimed, true) : sets
    const after = isRollingUpdate(pass.deployment)
      ? await rollingUpdate(pass, await makeNewest())
      : await recreate(pass, sets, this.#podsOf(sets.old), makeNewest)
    const status = rolloutStatus(pass.deployment, after, pass.now)
    await pass.writeStatus(status)
    const deadline = deadlineOf(pass.deployment, status)
    // One millisecond past it, since the deadline itself is still in time.
    return deadline === undefined ? undefined : Math.max(1, deadline - pass.now + 1)
  }

  #podsOf(sets: readonly ReplicaSet[]): readonly Pod[] {
    return sets
      .flatMap(({ metadata }) => this.#podsByController.at(metadata.uid ?? ''))
      .filter(({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded')
  }
}

/** The time a rollout stood still does not count against its deadline. True when that ended now. */
function notePause(pass: Pass): boolean {
  const { spec, status } = pass.deployment
  const current = conditionOf(status, 'Progressing')
  if (!hasDeadline(pass.deployment) || current?.reason === 'ProgressDeadlineExceeded') {
    return false
  }
  const noted = current?.reason === 'DeploymentPaused'
  if (spec.paused === true && !noted)
    pass.condition('Unknown', 'DeploymentPaused', 'Deployment is paused')
  const resumed = spec.paused !== true && noted
  if (resumed) pass.condition('Unknown', 'DeploymentResumed', 'Deployment is resumed')
  return resumed
}
