/** The parts of the Gateway API (gateway.networking.k8s.io/v1) that are read or written. Wire shapes, nothing else. */
import type { Condition, KubeObject, LabelSelector } from './meta.ts'

export type GatewayClass = KubeObject & {
  readonly spec: {
    readonly controllerName: string
    readonly description?: string
  }
  readonly status?: { readonly conditions?: readonly Condition[] }
}

export type Gateway = KubeObject & {
  readonly spec: {
    readonly gatewayClassName: string
    readonly listeners: readonly Listener[]
    readonly addresses?: readonly GatewayAddress[]
  }
  readonly status?: GatewayStatus
}

export type Listener = {
  readonly name: string
  readonly hostname?: string
  readonly port: number
  /** `HTTP`, `HTTPS`, `TLS`, `TCP`, `UDP` or a name with a domain of its own. */
  readonly protocol: string
  readonly allowedRoutes?: {
    readonly namespaces?: {
      /** Default `Same`. */
      readonly from?: 'All' | 'Selector' | 'Same' | 'None'
      readonly selector?: LabelSelector
    }
    readonly kinds?: readonly { readonly group?: string; readonly kind: string }[]
  }
}

export type GatewayAddress = { readonly type?: string; readonly value: string }

export type GatewayStatus = {
  readonly addresses?: readonly GatewayAddress[]
  readonly conditions?: readonly Condition[]
  readonly listeners?: readonly ListenerStatus[]
}

export type ListenerStatus = {
  readonly name: string
  readonly supportedKinds: readonly { readonly group?: string; readonly kind: string }[]
  readonly attachedRoutes: number
  readonly conditions: readonly Condition[]
}

export type HttpRoute = KubeObject & {
  readonly spec: HttpRouteSpec
  readonly status?: { readonly parents?: readonly RouteParentStatus[] }
}

export type HttpRouteSpec = {
  readonly parentRefs?: readonly ParentRef[]
  readonly hostnames?: readonly string[]
  /** Left out it is one rule that matches everything and has no backend. */
  readonly rules?: readonly HttpRouteRule[]
}

export type ParentRef = {
  /** Default `gateway.networking.k8s.io`. */
  readonly group?: string
  /** Default `Gateway`. */
  readonly kind?: string
  /** Default: the namespace of the route. */
  readonly namespace?: string
  readonly name: string
  readonly sectionName?: string
  readonly port?: number
}

export type HttpRouteRule = {
  readonly name?: string
  /** Default: one match with path prefix `/`. */
  readonly matches?: readonly HttpRouteMatch[]
  readonly filters?: readonly HttpRouteFilter[]
  readonly backendRefs?: readonly HttpBackendRef[]
  readonly timeouts?: { readonly request?: string; readonly backendRequest?: string }
}

export type HttpRouteMatch = {
  readonly path?: HttpPathMatch
  readonly headers?: readonly HttpValueMatch[]
  readonly queryParams?: readonly HttpValueMatch[]
  readonly method?: string
}

export type HttpPathMatch = {
  /** Default `PathPrefix`. */
  readonly type?: 'Exact' | 'PathPrefix' | 'RegularExpression'
  /** Default `/`. */
  readonly value?: string
}

/** A header or a query parameter by name. */
export type HttpValueMatch = {
  /** Default `Exact`. */
  readonly type?: 'Exact' | 'RegularExpression'
  readonly name: string
  readonly value: string
}

export type HttpBackendRef = {
  /** Default '', the core group. */
  readonly group?: string
  /** Default `Service`. */
  readonly kind?: string
  readonly name: string
  /** Default: the namespace of the route. */
  readonly namespace?: string
  /** Required for a Service. */
  readonly port?: number
  /** Default 1. A backend's share is its weight over the sum of the weights of its rule. */
  readonly weight?: number
  readonly filters?: readonly HttpRouteFilter[]
}

export type HttpRouteFilter =
  | { readonly type: 'RequestHeaderModifier'; readonly requestHeaderModifier: HeaderModifier }
  | { readonly type: 'ResponseHeaderModifier'; readonly responseHeaderModifier: HeaderModifier }
  | { readonly type: 'RequestRedirect'; readonly requestRedirect: RequestRedirect }
  | { readonly type: 'URLRewrite'; readonly urlRewrite: UrlRewrite }
  | { readonly type: 'RequestMirror'; readonly requestMirror: RequestMirror }
  | { readonly type: 'ExtensionRef'; readonly extensionRef: ExtensionRef }

export type HeaderModifier = {
  readonly set?: readonly HttpHeader[]
  readonly add?: readonly HttpHeader[]
  readonly remove?: readonly string[]
}

export type HttpHeader = { readonly name: string; readonly value: string }

export type RequestRedirect = {
  readonly scheme?: string
  readonly hostname?: string
  readonly path?: PathModifier
  readonly port?: number
  /** Default 302. */
  readonly statusCode?: number
}

export type UrlRewrite = { readonly hostname?: string; readonly path?: PathModifier }

export type PathModifier =
  | { readonly type: 'ReplaceFullPath'; readonly replaceFullPath: string }
  | { readonly type: 'ReplacePrefixMatch'; readonly replacePrefixMatch: string }

export type RequestMirror = { readonly backendRef: Omit<HttpBackendRef, 'weight' | 'filters'> }

export type ExtensionRef = { readonly group: string; readonly kind: string; readonly name: string }

export type RouteParentStatus = {
  readonly parentRef: ParentRef
  readonly controllerName: string
  /** `Accepted`, `ResolvedRefs`, … */
  readonly conditions?: readonly Condition[]
}
