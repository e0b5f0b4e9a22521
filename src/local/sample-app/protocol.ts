/** What the kubelet stand-in and a process that hosts sample pods say to each other over the IPC channel. */

export type AppFacts = {
  readonly image: string
  readonly pod: string
  readonly namespace: string
  /** The variables of the container's own spec, not those of the machine. */
  readonly env: Readonly<Record<string, string>>
  /** Container ports; each gets a free port on loopback. */
  readonly ports: readonly number[]
}

export type ToHost =
  | { readonly kind: 'start'; readonly id: string; readonly facts: AppFacts }
  /** SIGTERM for one of several pods in a process. */
  | { readonly kind: 'terminate'; readonly id: string }
  | { readonly kind: 'kill'; readonly id: string }

export type FromHost =
  | {
      readonly kind: 'listening'
      readonly id: string
      /** Pairs of container port and loopback port. */
      readonly ports: readonly (readonly [number, number])[]
    }
  | { readonly kind: 'ready'; readonly id: string }
  | { readonly kind: 'log'; readonly id: string; readonly line: string }
  | { readonly kind: 'exited'; readonly id: string; readonly exitCode: number }
