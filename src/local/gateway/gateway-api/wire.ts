/** Parts of the Gateway API that only a gateway looks at: listeners' TLS, GRPCRoutes, grants, sessions, mirrors. */
import type {
  Gateway,
  HttpBackendRef,
  HttpRoute,
  HttpRouteFilter,
  HttpRouteRule,
  HttpValueMatch,
  Listener,
  ParentRef,
  RequestMirror,
  RouteParentStatus,
} from '#core/k8s/gateway-api.ts'
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'

const group = 'gateway.networking.k8s.io'

export const grpcRouteKind: Kind = {
  group,
  version: 'v1',
  kind: 'GRPCRoute',
  plural: 'grpcroutes',
  namespaced: true,
}

export const referenceGrantKind: Kind = {
  group,
  version: 'v1beta1',
  kind: 'ReferenceGrant',
  plural: 'referencegrants',
  namespaced: true,
}

export type SecretRef = {
  readonly group?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name: string
}

export type TlsListener = Listener & {
  readonly tls?: {
    /** Default `Terminate`. */
    readonly mode?: string
    readonly certificateRefs?: readonly SecretRef[]
  }
}

export type ServedGateway = Gateway & {
  readonly spec: { readonly listeners: readonly TlsListener[] }
}

export type SessionPersistence = {
  readonly sessionName?: string
  /** Default `Cookie`. */
  readonly type?: 'Cookie' | 'Header'
  readonly absoluteTimeout?: string
  readonly cookieConfig?: { readonly lifetimeType?: 'Permanent' | 'Session' }
}

export type SessionRule = HttpRouteRule & { readonly sessionPersistence?: SessionPersistence }

export type Mirror = RequestMirror & {
  readonly percent?: number
  readonly fraction?: { readonly numerator: number; readonly denominator?: number }
}

export type GrpcMatch = {
  readonly method?: {
    /** Default `Exact`. */
    readonly type?: 'Exact' | 'RegularExpression'
    readonly service?: string
    readonly method?: string
  }
  readonly headers?: readonly HttpValueMatch[]
}

export type GrpcRule = {
  readonly matches?: readonly GrpcMatch[]
  readonly filters?: readonly HttpRouteFilter[]
  readonly backendRefs?: readonly HttpBackendRef[]
  readonly sessionPersistence?: SessionPersistence
}

export type GrpcRoute = KubeObject & {
  readonly spec: {
    readonly parentRefs?: readonly ParentRef[]
    readonly hostnames?: readonly string[]
    readonly rules?: readonly GrpcRule[]
  }
  readonly status?: { readonly parents?: readonly RouteParentStatus[] }
}

/** What all kinds of routes have in common. */
export type AnyRoute = HttpRoute | GrpcRoute

export type ReferenceGrant = KubeObject & {
  readonly spec: {
    readonly from: readonly {
      readonly group: string
      readonly kind: string
      readonly namespace: string
    }[]
    readonly to: readonly {
      readonly group: string
      readonly kind: string
      readonly name?: string
    }[]
  }
}
