/** What the shell should make true. Any part of it, in any order, is safe on its own. */
import type { HttpAsk, UrlAsk } from './http-ask.ts'
import type { KubeObject, ObjectRef } from './k8s/meta.ts'
import type { PodTemplate } from './k8s/workloads.ts'
import type { ReleaseEvent } from './model/event.ts'
import type { Memo, Notebook, Reason } from './model/notebook.ts'
import type { RoleName } from './model/weights.ts'
import type { Instant } from './time.ts'

export type Decision = {
  readonly reason: Reason
  readonly notebook: Notebook
  /** Whether the notebook says something that the stored one does not and that is worth a write. */
  readonly write: boolean
  readonly memo: Memo
  readonly writes: readonly Write[]
  readonly measure: readonly MeasureAsk[]
  /** What gates ask. Each is performed once, whatever else is under way. */
  readonly asks: readonly GateAsk[]
  /** Ask a server, without effect, what it makes of this template. */
  readonly readBack: { readonly written: string; readonly object: KubeObject } | undefined
  /** Transitions that this decision records; they are pending in its notebook where somebody tells them. */
  readonly events: readonly ReleaseEvent[]
  /** Latest instant at which to look again; undefined when only a change can make a difference. */
  readonly wakeAt: Instant | undefined
}

/** One write to the cluster; every one carries a precondition. */
export type Write =
  | { readonly kind: 'create'; readonly object: KubeObject }
  /** RFC 6902; its first operations are `test`s, so that a write decided on an old snapshot is refused. */
  | {
      readonly kind: 'patch'
      readonly ref: ObjectRef
      readonly patch: readonly PatchOperation[]
      /** Only while this object stands and nobody asked for its deletion, as the server itself says right before. */
      readonly whileStands?: Standing
    }
  | {
      readonly kind: 'delete'
      readonly ref: ObjectRef
      readonly uid: string
      /** Leaves what it owns behind, without an owner. */
      readonly orphans?: boolean
    }

export type Standing = { readonly ref: ObjectRef; readonly uid: string }

export type PatchOperation =
  | { readonly op: 'test' | 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

export type MeasureAsk = {
  readonly id: string
  readonly role: RoleName
  readonly metric: string
  readonly revision: string
  readonly at: Instant
  readonly ask: UrlAsk
  /** What else has to be known to judge it; performed at the same time, answered together. */
  readonly companions?: Companions<UrlAsk>
}

/** The number of requests behind a value, and both for the stable revision. */
export type Companions<T> = { readonly count?: T; readonly stable?: T; readonly stableCount?: T }

export type GateAsk = GateQuestion & { readonly ask: HttpAsk }

/** What a gate's answer is recognised by. */
export type GateQuestion = {
  readonly id: string
  readonly gate: string
  /** The pod that is asked; '' for an address. */
  readonly target: string
  /** The trial and step it is asked for: an answer given for another one says nothing. */
  readonly scope: string
  readonly method: HttpAsk['method']
  readonly at: Instant
}

/** One step of a JSON Pointer (RFC 6901). */
export function pointer(...steps: readonly (string | number)[]): string {
  return steps
    .map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
}

/** A container image or nothing, for messages. What a template holds is for the server to judge: it may be anything. */
export function imageOf(template: PodTemplate): string {
  const image: unknown = template.spec.containers[0]?.image
  return typeof image === 'string' ? image : ''
}
