/** What the leader's work stands on, and the vocabulary of its steps. */
import type { Release } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import type { Log } from '#kube/log.ts'
import type { OwnWrites } from '#kube/own-writes.ts'
import type { Clock } from '#kube/ports.ts'
import type { Reach } from '#kube/reach.ts'
import type { DeploymentRecord, DeploymentStatus, Stage } from '../kinds.ts'
import type { LogWriter } from '../log-writer.ts'
import type { Records } from '../records.ts'
import type { Settings } from '../settings.ts'
import type { Variable } from '../template.ts'
import type { AppIndex } from './app-index.ts'
import type { PodHeld } from './pods.ts'

export type Slice = KubeObject & {
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[]
    readonly conditions?: { readonly ready?: boolean }
  }[]
}

export type Work = {
  readonly cluster: Cluster
  /** The trusted clock. */
  readonly clock: Clock
  readonly reach: Reach
  readonly log: Log
  readonly settings: Settings
  readonly records: Records
  readonly apps: AppIndex
  readonly releases: Cache<Release>
  readonly pods: Cache<PodHeld>
  readonly slices: Cache<Slice>
  /** Where fronts are HTTPRoutes. */
  readonly routes: Cache<HttpRoute> | undefined
  readonly writer: LogWriter
  readonly environment: (namespace: string) => Promise<readonly Variable[]>
  readonly own: OwnWrites
  readonly isLeader: () => boolean
  /** What is known of deployments under way and may be forgotten: the last words, when a route was written. */
  readonly notes: Map<string, Note>
  /** The version that each application's Services were tidied for. */
  readonly tidied: Map<string, string>
  /** The generation of each Release at which an edit was taken back last. */
  readonly takenBack: Map<string, number>
  /** Who we are among the replicas. */
  readonly instance: string
}

export type Note = { readonly said?: string; readonly routeSince?: number }

/** One deployment as it is worked on. */
export type Case = {
  readonly work: Work
  /** `namespace/app`. */
  readonly key: string
  readonly record: DeploymentRecord
  /** Undefined before it was decided. */
  readonly version: string
  readonly release: Release | undefined
}

export type Step =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly more?: Partial<DeploymentStatus> }
  /** Something has to happen; looked at again after so long at the latest. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'end'; readonly status: DeploymentStatus['status'] }

export const toStage = (stage: Stage, more?: Partial<DeploymentStatus>): Step => ({
  kind: 'stage',
  stage,
  ...(more === undefined ? {} : { more }),
})
export const wait = (ms: number): Step => ({ kind: 'wait', ms })

/** Why a deployment cannot succeed, in a sentence for its log. */
export class Failed extends Error {
  override readonly name = 'Failed'
}

/** This process no longer leads; what it was about to do is another's business. */
export class NoLeader extends Error {
  override readonly name = 'NoLeader'
}

/** Asked before each write. @throws NoLeader */
export function mustLead({ isLeader }: Work): void {
  if (!isLeader()) throw new NoLeader('this process no longer leads')
}
