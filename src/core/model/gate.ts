/** What a release may have to pass besides metrics: the health of its pods, a program's word, a person's word. */
import type { Policy } from './analysis.ts'

export type GateSpec = HealthGate | WebhookGate | ApprovalGate

/** Each pod of the revision is asked by HTTP, and all have to be well. */
export type HealthGate = {
  readonly kind: 'health'
  readonly name: string
  /** `probe` wants JSON with `"healthy": true` besides a 2xx; `simple` is content with a 2xx. */
  readonly type: 'probe' | 'simple'
  /** With or without a leading slash; a query may follow. */
  readonly path: string
  readonly port: number
  /** `get-or-post` asks with GET, and with POST those that do not take GET. */
  readonly method: 'get' | 'post' | 'get-or-post'
  /** So many pods must be there, and well; undefined for as many as the revision should have now. */
  readonly replicas: number | undefined
  readonly intervalMs: number
  /** The gate fails when it has not passed for so long; undefined waits as long as it takes. */
  readonly limitMs: number | undefined
}

/** A program somewhere is told where the release stands, and says whether it may go on. */
export type WebhookGate = {
  readonly kind: 'webhook'
  readonly name: string
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Name of a Secret in the app's namespace that is bound to the address. */
  readonly secret: string | undefined
  readonly caBundle: string | undefined
  readonly intervalMs: number
  readonly limitMs: number | undefined
  /** When it does not answer, or nothing that can be understood. */
  readonly onError: Policy
  /** So many errors in a row make `onError` apply; fewer hold. */
  readonly consecutiveErrors: number
}

/** A person promotes; who, is on record. */
export type ApprovalGate = { readonly kind: 'approval'; readonly name: string }

/** What was answered so far; kept in memory alone, since losing it only makes the gate ask again. */
export type GateState = {
  /** The trial and step that the replies belong to. */
  readonly scope: string
  readonly replies: readonly GateReply[]
}

/** The newest word of one target of a gate. */
export type GateReply = {
  readonly gate: string
  /** The pod; '' for an address. */
  readonly target: string
  readonly at: number
  readonly verdict: 'passing' | 'failing' | 'needMoreData' | 'error'
  /** Ours; holds no part of a body. */
  readonly message: string
  /** How it was asked: a pod that did not take GET is asked with POST from then on. */
  readonly method: 'GET' | 'POST'
  readonly errorsInARow: number
  /** The body as it came, cut; for doors that hand it to its owner. Never for status, Events or logs. */
  readonly body: string
}
