/** A run as data: what is asked for, what goes wrong and when. Whoever drops entries gets a smaller run. */
import type { Setting } from './stories/story.ts'

/** Where a release stands, as people would say it. */
export const states = [
  'installing',
  'weighing',
  'pausing',
  'approving',
  'analysing',
  'held',
  'promoting',
  'retreating',
  'failed',
  'serving',
  'retiring',
] as const
export type State = (typeof states)[number]

/** The fault catalogue; faults/catalogue.ts says what each does. */
export const faultKinds = [
  'crash-before',
  'crash-applied',
  'crash-after',
  'stale',
  'time-travel',
  'lost-events',
  'twisted-events',
  'half-open',
  'malformed',
  'conflict',
  'gone',
  'refused',
  'timed-out',
  'compaction',
  'outage',
  'restart',
  'slow',
  'admission',
  'frozen',
  'partition',
  'clock',
  'metrics',
  'flapping',
  'interference',
  'pods',
  'sigterm',
  'kind-missing',
  'odd-objects',
  'user',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** Virtual milliseconds since the beginning, or since the release first came into a state. */
export type When =
  | { readonly kind: 'at'; readonly ms: number }
  | { readonly kind: 'in'; readonly state: State; readonly afterMs: number }

export type Strike = {
  readonly fault: FaultKind
  readonly when: When
  readonly instance: 'A' | 'B'
  readonly forMs: number
  /** Picks among the ways a fault can show itself; any whole number. */
  readonly variant: number
  /** The write that a crash waits for; else it counts writes of any kind. */
  readonly point?: string
}

export const verbs = [
  'image',
  'rollback',
  'abort',
  'retry',
  'promote',
  'promote-full',
  'pause',
  'resume',
  'replicas',
  'stale-command',
  'delete',
  'recreate',
  'go-on',
] as const

/** Something a person does; `leave` deletes the release without its pods, which no seed draws. */
export type Deed = {
  readonly verb: (typeof verbs)[number] | 'leave'
  readonly when: When
  /** Index of an image, a number of replicas; else nothing. */
  readonly value: number
}

export type Plan = {
  readonly seed: number
  readonly setting: Setting
  readonly instances: 1 | 2
  /** Each way between an instance and the server takes up to so long. */
  readonly latencyMs: number
  readonly strikes: readonly Strike[]
  readonly deeds: readonly Deed[]
  /** Whether the version that is asked for is one that should be turned back. */
  readonly isBad: boolean
  /** The release is deleted in the end, its route before it. */
  readonly farewell: boolean
}
