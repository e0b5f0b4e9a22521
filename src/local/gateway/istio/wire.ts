/** Istio's routing objects (networking.istio.io), as far as they are looked at. Wire shapes, nothing else. */
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject, Labels } from '#core/k8s/meta.ts'

const kind = (name: string, plural: string): Kind => ({
  group: 'networking.istio.io',
  // All versions are served as one; whoever wrote an object in an older one is seen here too.
  version: 'v1',
  kind: name,
  plural,
  namespaced: true,
})

export const virtualServiceKind = kind('VirtualService', 'virtualservices')
export const destinationRuleKind = kind('DestinationRule', 'destinationrules')
export const istioGatewayKind = kind('Gateway', 'gateways')

export type StringMatch = {
  readonly exact?: string
  readonly prefix?: string
  readonly regex?: string
}

export type HttpMatch = {
  readonly uri?: StringMatch
  readonly ignoreUriCase?: boolean
  readonly scheme?: StringMatch
  readonly method?: StringMatch
  readonly authority?: StringMatch
  readonly headers?: Readonly<Record<string, StringMatch>>
  readonly withoutHeaders?: Readonly<Record<string, StringMatch>>
  readonly queryParams?: Readonly<Record<string, StringMatch>>
  readonly gateways?: readonly string[]
  readonly sourceLabels?: Labels
  readonly sourceNamespace?: string
}

export type HeaderOperations = {
  readonly set?: Labels
  readonly add?: Labels
  readonly remove?: readonly string[]
}

export type Headers = { readonly request?: HeaderOperations; readonly response?: HeaderOperations }

export type Destination = {
  readonly host: string
  readonly subset?: string
  readonly port?: { readonly number?: number }
}

export type RegexRewrite = { readonly match?: string; readonly rewrite?: string }

export type Percent = { readonly value?: number }

export type IstioRoute = {
  readonly name?: string
  readonly match?: readonly HttpMatch[]
  readonly route?: readonly {
    readonly destination: Destination
    readonly weight?: number
    readonly headers?: Headers
  }[]
  readonly redirect?: {
    readonly uri?: string
    readonly authority?: string
    readonly scheme?: string
    readonly port?: number
    readonly derivePort?: string
    readonly redirectCode?: number
  }
  readonly directResponse?: {
    readonly status: number
    readonly body?: { readonly string?: string; readonly bytes?: string }
  }
  readonly rewrite?: {
    readonly uri?: string
    readonly authority?: string
    readonly uriRegexRewrite?: RegexRewrite
  }
  readonly timeout?: string
  readonly headers?: Headers
  readonly mirror?: Destination
  readonly mirrorPercentage?: Percent
  readonly mirrors?: readonly { readonly destination: Destination; readonly percentage?: Percent }[]
  readonly fault?: object
  readonly delegate?: object
}

export type VirtualService = KubeObject & {
  readonly spec?: {
    readonly hosts?: readonly string[]
    readonly gateways?: readonly string[]
    readonly http?: readonly IstioRoute[]
  }
}

export type ConsistentHash = {
  readonly httpHeaderName?: string
  readonly httpCookie?: { readonly name: string; readonly path?: string; readonly ttl?: string }
  readonly useSourceIp?: boolean
  readonly httpQueryParameterName?: string
}

export type TrafficPolicy = { readonly loadBalancer?: { readonly consistentHash?: ConsistentHash } }

export type DestinationRule = KubeObject & {
  readonly spec?: {
    readonly host?: string
    readonly trafficPolicy?: TrafficPolicy
    readonly subsets?: readonly {
      readonly name: string
      readonly labels?: Labels
      readonly trafficPolicy?: TrafficPolicy
    }[]
  }
}

export type IstioGateway = KubeObject & {
  readonly spec?: {
    readonly servers?: readonly {
      readonly hosts?: readonly string[]
      readonly port?: { readonly number?: number; readonly protocol?: string }
      readonly tls?: {
        readonly httpsRedirect?: boolean
        readonly mode?: string
        readonly credentialName?: string
      }
    }[]
  }
}
