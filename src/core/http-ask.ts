/**
 * HTTP requests that the shell performs on a release's behalf, and what came of them: values on both sides, so that
 * whoever asks can be judged without a network. Metric providers and gates ask this way.
 */

/** An ask names a secret, never what is in it. The shell reads it when the request leaves. */
export type SecretName = { readonly namespace: string; readonly name: string }

type Request = {
  readonly method: 'GET' | 'POST'
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** To an address; the guard of addresses looks at it before it is connected to. */
export type UrlAsk = Request & {
  readonly kind: 'url'
  readonly url: string
  /** Credentials; they travel only to the address that their Secret is bound to. */
  readonly secret: SecretName | undefined
  /** PEM certificates to trust for https; undefined trusts the usual ones. */
  readonly caBundle: string | undefined
}

/** To a port of one pod: directly, or through the API server's proxy, as the shell can. */
export type PodAsk = Request & {
  readonly kind: 'pod'
  readonly pod: {
    readonly namespace: string
    readonly name: string
    readonly ip: string | undefined
    readonly port: number
    /** With query, beginning with a slash. */
    readonly path: string
  }
}

export type HttpAsk = UrlAsk | PodAsk

/** What came of it. `message` says why there is no answer. */
export type HttpAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'failed'; readonly message: string }

/** Bounds of every ask: one that takes longer or answers more is cut off and counts as failed. */
export const askLimits = { timeoutMs: 10_000, maxBytes: 1024 * 1024 } as const
