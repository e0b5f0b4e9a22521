/**
 * What a door does beside its resource: listeners of its own, and work of its own that only the leader does. A face
 * keeps records and writes resources that a door reads; where its original made them, also Services and routes of its
 * own. Pods are the engine's.
 */
import type { Definition } from '#core/api/definition.ts'
import type { ListenAt } from '#http/shared-port.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Log } from '#kube/log.ts'
import type { Clock } from '#kube/ports.ts'
import type { Reach } from '#kube/reach.ts'

/** One option of `headgate controller`; its value comes to `Ground.options` under its camel-cased name. */
export type FaceOption = {
  /** As commander writes them: `--superposition-auth <kind>`. */
  readonly flags: string
  readonly description: string
  readonly value?: string
}

/** What is known of a face before any of its code is loaded, so that help stays instant. */
export type FaceEntry = {
  /** Its door's name; `--NAME-address` sets where it listens, and `headgate local` prints its base URL as NAME. */
  readonly name: string
  /** Its default port. */
  readonly port: number
  /** What its listener is for, in a few words. */
  readonly about: string
  readonly options: readonly FaceOption[]
  /** CustomResourceDefinitions of its records. */
  readonly crds: readonly Definition[]
  readonly load: () => Promise<Face>
}

export type Face = { readonly start: (ground: Ground) => Promise<RunningFace> }

/** What a face stands on. */
export type Ground = {
  readonly cluster: Cluster
  /** The trusted clock; never the system's. */
  readonly clock: Clock
  readonly reach: Reach
  readonly log: Log
  /** Where to listen. */
  readonly address: { readonly host: string; readonly port: number }
  /** Makes a server listen there, beside others at the same address; left out, alone. */
  readonly listen?: ListenAt
  /** Only this namespace is looked at. */
  readonly namespace?: string
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Who we are among the replicas. */
  readonly instance: string
}

export type RunningFace = {
  readonly port: number
  /** Whether it can serve; every replica does. */
  readonly isReady: () => boolean
  /** From now on this process leads; before each write of the work, `isLeader` is asked. */
  readonly lead: (isLeader: () => boolean) => void
  /** Stops the leader's work and awaits what is under way. */
  readonly standBy: () => Promise<void>
  readonly stop: () => Promise<void>
}
