/** What a check of `headgate doctor` found, in the words that people read. */
import type { Door } from '#doors/door.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Entry } from '#releases/entry.ts'

export type State = 'ok' | 'warning' | 'wrong' | 'unknown'

export type Finding = {
  /** What was looked at: `Gateway default/gateway`. */
  readonly about: string
  readonly state: State
  /** How it is, as a sentence without its full stop. */
  readonly says: string
  /** What to do, where there is something to do. */
  readonly todo?: string
}

/** The controller's Deployment, wherever it was found. */
export type Installed = {
  readonly namespace: string
  readonly name: string
  readonly serviceAccount: string
  readonly images: readonly string[]
  readonly args: readonly string[]
  /** Variables whose values stand in the Deployment itself. */
  readonly env: Readonly<Record<string, string>>
  readonly wanted: number
  readonly ready: number
}

/** What all checks look at. */
export type Examined = {
  readonly cluster: Cluster
  /** Milliseconds since 1970. */
  readonly now: number
  readonly doors: readonly Door[]
  /** Undefined where none was found. */
  readonly installed: Installed | undefined
  readonly entries: readonly Entry[]
}

export type Check = {
  readonly name: string
  readonly examine: (examined: Examined) => Promise<readonly Finding[]>
}

export function ok(about: string, says: string): Finding {
  return { about, state: 'ok', says }
}

export function wrong(about: string, says: string, todo: string): Finding {
  return { about, state: 'wrong', says, todo }
}

export function warning(about: string, says: string, todo: string): Finding {
  return { about, state: 'warning', says, todo }
}

/** It could not be looked at. */
export function unknown(about: string, says: string, todo?: string): Finding {
  return { about, state: 'unknown', says, ...(todo === undefined ? {} : { todo }) }
}
