/** Somewhere that events are told: what it takes of a door's words, and how one message gets there. */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { ReleaseEvent } from '#core/model/event.ts'
import type { Messages } from '#core/outbox/vocabulary.ts'

/** What became of one attempt. */
export type Outcome =
  | { readonly kind: 'delivered' }
  /** This message will never be taken; the next one may. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Nothing will be taken here any more. */
  | { readonly kind: 'gone'; readonly why: string }
  /** Not now. `afterMs` is how long the other side asks to be left alone. */
  | { readonly kind: 'later'; readonly why: string; readonly afterMs?: number }

/** Performs one attempt, bounded in time. Never rejects. */
export type Attempt = () => Promise<Outcome>

export type Sink = {
  /** For metrics, logs and flags. */
  readonly name: string
  /** Attempts under way at once. */
  readonly atOnce: number
  /** One attempt for each message that it takes of a transition. */
  readonly attempts: (
    messages: Messages,
    about: { readonly object: KubeObject; readonly event: ReleaseEvent },
  ) => readonly Attempt[]
}

export const delivered: Outcome = { kind: 'delivered' }
