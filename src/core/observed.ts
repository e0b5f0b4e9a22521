/** All that one pass may look at: gathered once, frozen, then judged. A tree of small records. */
import type { Companions, GateQuestion } from './decision.ts'
import type { HttpAnswer } from './http-ask.ts'
import type { KubeObject, Labels } from './k8s/meta.ts'
import type { PodTemplate, ServicePort } from './k8s/workloads.ts'
import type { App, WorkloadKind } from './model/app.ts'
import type { Acknowledged } from './model/event.ts'
import type { Memo, Notebook } from './model/notebook.ts'
import type { RoleName } from './model/weights.ts'
import type { Instant } from './time.ts'

export type Observed = {
  readonly app: App
  /** Undefined before the first pass. */
  readonly notebook: Notebook | undefined
  readonly memo: Memo
  /** Our workloads of this app: those that carry its label and its owner. */
  readonly workloads: readonly WorkloadSeen[]
  /** By name; a name that was looked for and is not there is absent. */
  readonly services: Readonly<Record<string, ServiceSeen>>
  /** Ready endpoints: Service name → workload name → count. */
  readonly endpoints: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Service name → whose ready pods it lists: of a Deployment its ReplicaSets. Left out, the workloads of `endpoints`. */
  readonly listings?: Readonly<Record<string, readonly string[]>>
  /** The routing objects that the app's router asked for, by `Kind/name`. */
  readonly routes: Readonly<Record<string, KubeObject>>
  /** Kinds of routing objects that the cluster does not serve (yet). */
  readonly absent?: readonly string[]
  /** Others who claim what this app claims, and came first. */
  readonly rivals: readonly Rival[]
  /** Others that are reached under a host of this app, and came first; `claim` is the host. */
  readonly sharers?: readonly Rival[]
  /** The app's pods that are not being deleted, where workloads belong to roles; empty elsewhere. */
  readonly members: readonly MemberSeen[]
  /** What measurements that were asked for brought. */
  readonly answers: readonly MetricAnswer[]
  /** What gates were answered. */
  readonly replies: readonly GateAnswer[]
  /** Pods that the app's Services list, ready or not: workload name → pods. */
  readonly pods: Readonly<Record<string, readonly PodSeen[]>>
  /** Templates of workloads that went while this process watched: somebody else may have deleted them. */
  readonly remembered: readonly Remembered[]
  /** What a server makes of templates that may be ones we know: see revision.ts. */
  readonly readBacks: readonly ReadBack[]
  /** Events that were told to everybody; undefined where there is nobody to tell. */
  readonly acknowledged?: readonly Acknowledged[]
  /** Writes that the server refused for good reason, and not withdrawn since. */
  readonly refusals: readonly Refusal[]
}

export type WorkloadSeen = {
  readonly kind: WorkloadKind
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  /** Its `headgate.dev/revision` label. */
  readonly revision: string
  /** Hash of the template as it was written down by its author; see revision.ts. */
  readonly written: string
  readonly template: PodTemplate
  readonly replicas: number
  /** Pods that exist, whatever was asked for. */
  readonly pods: number
  /** Ready ones of this revision. */
  readonly ready: number
  readonly createdAt: Instant
  readonly deleting: boolean
  /** False where somebody took our ownership off it: it is taken back. */
  readonly owned: boolean
}

/** A pod of the app, by its labels; looked at where pods change hands. */
export type MemberSeen = {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly labels: Labels
  readonly revision: string
  readonly ready: boolean
  readonly createdAt: Instant
}

export type ServiceSeen = {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly selector: Labels
  readonly ports: readonly ServicePort[]
  /** Whether it was made by this app (and goes with it). */
  readonly ours: boolean
  /** Name of another controller that owns it, if one does. */
  readonly foreign: string | undefined
}

export type Rival = { readonly claim: string; readonly by: string }

export type MetricAnswer = {
  readonly id: string
  readonly role: RoleName
  readonly metric: string
  readonly revision: string
  /** When it was due: the instant that the sample stands for. */
  readonly at: Instant
  /** When the answer came in; how long a bad sample takes to have its effect is counted from here. */
  readonly returnedAt: Instant
  readonly answer: HttpAnswer
  readonly companions?: Companions<HttpAnswer>
}

export type GateAnswer = GateQuestion & {
  readonly returnedAt: Instant
  readonly answer: HttpAnswer
}

export type PodSeen = {
  readonly name: string
  readonly ip: string | undefined
  readonly ready: boolean
}

export type Remembered = ReadBack & { readonly revision: string }

export type ReadBack = { readonly written: string; readonly template: PodTemplate }

export type Refusal = { readonly object: string; readonly message: string; readonly since: Instant }
