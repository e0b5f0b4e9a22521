/** How containers run: the one port behind which processes, shared processes and simulated pods look the same. */

export type ContainerFacts = {
  readonly namespace: string
  readonly pod: string
  readonly podUid: string
  readonly podIP: string
  readonly container: string
  readonly image: string
  /** Container ports that are spoken TCP on. */
  readonly ports: readonly number[]
  readonly env: Readonly<Record<string, string>>
  readonly command?: readonly string[]
  readonly args?: readonly string[]
}

/** What a started container tells. `exited` comes exactly once and last. */
export type ContainerEvents = {
  /** The container runs; its ports, by container port, are reached at these `host:port`. */
  readonly started: (addresses: ReadonlyMap<number, string>) => void
  /** The program itself says whether it is ready, besides what probes find. */
  readonly ready: () => void
  readonly log: (line: string) => void
  readonly exited: (exit: Exit) => void
}

export type Exit = {
  readonly exitCode: number
  readonly signal?: number
  readonly message?: string
}

export type ProbeRequest =
  | {
      readonly kind: 'http'
      readonly port: number
      readonly path: string
      readonly headers: Readonly<Record<string, string>>
      readonly timeoutMs: number
    }
  | { readonly kind: 'tcp'; readonly port: number; readonly timeoutMs: number }

/** `message` says what went wrong in the words of the kubelet. */
export type ProbeAnswer = { readonly ok: true } | { readonly ok: false; readonly message: string }

export type RunningContainer = {
  readonly probe: (request: ProbeRequest) => Promise<ProbeAnswer>
  /** SIGTERM. */
  readonly terminate: () => void
  /** SIGKILL. */
  readonly kill: () => void
}

export type Runtime = {
  readonly start: (facts: ContainerFacts, events: ContainerEvents) => RunningContainer
  /** Ends everything that still runs, at once. */
  readonly close: () => Promise<void>
}
