/** A plain HTTP exchange as values, so that one client runs over sockets, in memory and through fault injectors. */

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS'
  /** Path with query, beginning with a slash. */
  readonly path: string
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type HttpResponse = {
  readonly status: number
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Chunks as they arrive; ending early with an error means that the connection broke. */
  readonly body: AsyncIterable<Uint8Array | string>
}

export type SendOptions = {
  readonly signal?: AbortSignal
  /** `watch` gets a connection of its own without a body time-out, `lease` never queues behind other requests. */
  readonly lane?: 'request' | 'watch' | 'lease'
}

/** Delivers one request. Rejects with a KubeError of reason `Unreachable` when there is no answer. */
export type Transport = {
  readonly send: (request: HttpRequest, options?: SendOptions) => Promise<HttpResponse>
  readonly close: () => Promise<void>
}
