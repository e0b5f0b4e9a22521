/** What every kind of gate is: questions that are due, a reader for each answer, and a verdict on the whole. All pure. */
import type { GateAsk } from '../decision.ts'
import type { GateReply } from '../model/gate.ts'
import type { DecisionRecord, Verdict } from '../model/notebook.ts'
import type { GateAnswer, PodSeen } from '../observed.ts'
import type { Instant } from '../time.ts'

/** What a gate may look at. */
export type GateView = {
  /** The trial and step that is being judged; see `scopeOf`. */
  readonly scope: string
  /** Since when it is judged: the beginning of the step. */
  readonly since: Instant
  readonly now: Instant
  readonly subject: GateSubject
  /** Pods of the revision that is judged. */
  readonly pods: readonly PodSeen[]
  /** So many it should have. */
  readonly replicas: number
  /** What was answered in this scope. */
  readonly replies: readonly GateReply[]
  readonly decisions: readonly DecisionRecord[]
}

/** Where the release stands, as a program that is asked is told. */
export type GateSubject = {
  readonly namespace: string
  readonly release: string
  readonly uid: string
  readonly strategy: string
  readonly role: string
  readonly revision: string
  readonly step: number
  /** Per cent of traffic. */
  readonly weight: number
  readonly phase: string
}

/** `until` is when a new look can make a difference although nothing happens. `by` is who approved. */
export type GateOutcome = {
  readonly verdict: Verdict
  readonly message: string
  readonly until: Instant | undefined
  readonly by?: string
}

/** An answer, and how it was asked for. */
export type Answered = Pick<GateAnswer, 'method' | 'answer'>

export type Understood = Pick<GateReply, 'verdict' | 'message'>

export type Gate<Spec> = {
  /** What is due now, one question for each target. */
  readonly asks: (spec: Spec, view: GateView) => readonly GateAsk[]
  readonly read: (spec: Spec, answer: Answered) => Understood
  readonly outcome: (spec: Spec, view: GateView) => GateOutcome
}

/** Answers of another trial or step say nothing of this one. */
export function scopeOf({ uid, revision, role, step }: GateSubject, since: Instant): string {
  return `${uid}/${role}/${revision}/${step}/${since}`
}

/** The newest reply of a target, if it gave any. */
export function replyOf(view: GateView, gate: string, target: string): GateReply | undefined {
  return view.replies.find((reply) => reply.gate === gate && reply.target === target)
}

/** When a target is asked next: at once at first, then at intervals. */
export function dueAt(view: GateView, reply: GateReply | undefined, intervalMs: number): Instant {
  return reply === undefined ? view.since : reply.at + intervalMs
}

/** A gate that has to pass within a time and did not. */
export function outOfTime(
  { name, limitMs }: { readonly name: string; readonly limitMs: number | undefined },
  view: GateView,
): GateOutcome | undefined {
  if (limitMs === undefined || view.now < view.since + limitMs) return undefined
  const message = `gate ${name} did not pass within ${limitMs / 1000} s`
  return { verdict: 'failing', message, until: undefined }
}

/** The earlier of two instants, where there are any. */
export function sooner(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  const known = instants.filter((instant) => instant !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
