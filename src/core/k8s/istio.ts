/** The parts of Istio's VirtualService and DestinationRule that are read or written. Wire shapes, nothing else. */
import type { Condition, KubeObject, Labels } from './meta.ts'

export type VirtualService = KubeObject & {
  readonly spec?: VirtualServiceSpec
  readonly status?: {
    readonly conditions?: readonly Condition[]
    readonly observedGeneration?: number | string
    readonly validationMessages?: readonly {
      readonly level?: string
      readonly type?: { readonly name?: string; readonly code?: string }
    }[]
  }
}

export type VirtualServiceSpec = {
  readonly hosts?: readonly string[]
  readonly gateways?: readonly string[]
  readonly http?: readonly IstioHttp[]
}

export type IstioHttp = {
  readonly name?: string
  readonly match?: readonly IstioMatch[]
  readonly route?: readonly IstioDestination[]
  readonly redirect?: unknown
  readonly timeout?: string
  readonly headers?: { readonly response?: { readonly set?: Labels } }
}

export type IstioMatch = {
  readonly headers?: Readonly<Record<string, StringMatch>>
  readonly uri?: StringMatch
}

/** One of them. */
export type StringMatch = {
  readonly exact?: string
  readonly prefix?: string
  readonly regex?: string
}

export type IstioDestination = {
  readonly destination: {
    readonly host: string
    readonly subset?: string
    readonly port?: { readonly number?: number }
  }
  /** Per cent; left out, all where there is one destination. */
  readonly weight?: number
}
