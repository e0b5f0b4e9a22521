/** The parts of an Ingress (networking.k8s.io/v1) that are read or written. Wire shapes, nothing else. */
import type { KubeObject } from './meta.ts'

export type Ingress = KubeObject & { readonly spec?: IngressSpec }

export type IngressSpec = {
  readonly ingressClassName?: string
  readonly defaultBackend?: IngressBackend
  readonly tls?: readonly IngressTls[]
  readonly rules?: readonly IngressRule[]
}

export type IngressTls = { readonly hosts?: readonly string[]; readonly secretName?: string }

export type IngressRule = {
  readonly host?: string
  readonly http?: { readonly paths?: readonly IngressPath[] }
}

export type IngressPath = {
  readonly path?: string
  readonly pathType?: string
  readonly backend: IngressBackend
}

export type IngressBackend = {
  readonly service?: {
    readonly name: string
    readonly port?: { readonly number?: number; readonly name?: string }
  }
  readonly resource?: unknown
}
