/** Ingresses and their classes, as far as they are looked at. Wire shapes, nothing else. */
import type { KubeObject } from '#core/k8s/meta.ts'

export type IngressClass = KubeObject & { readonly spec?: { readonly controller?: string } }

export type IngressBackend = {
  readonly service?: {
    readonly name: string
    readonly port?: { readonly number?: number; readonly name?: string }
  }
}

export type IngressPath = {
  readonly path?: string
  readonly pathType?: string
  readonly backend: IngressBackend
}

export type Ingress = KubeObject & {
  readonly spec?: {
    readonly ingressClassName?: string
    readonly defaultBackend?: IngressBackend
    readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[]
    readonly rules?: readonly {
      readonly host?: string
      readonly http?: { readonly paths?: readonly IngressPath[] }
    }[]
  }
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] }
  }
}
