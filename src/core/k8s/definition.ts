/** CustomResourceDefinitions and webhooks as a cluster has them, whoever made them. */
import type { Condition, KubeObject } from './meta.ts'

export type CustomResourceDefinition = KubeObject & {
  readonly spec: {
    readonly group: string
    readonly names: { readonly kind: string; readonly plural: string }
    readonly versions: readonly {
      readonly name: string
      readonly served: boolean
      readonly storage: boolean
      readonly schema?: { readonly openAPIV3Schema?: object }
    }[]
    readonly conversion?: {
      readonly strategy?: string
      readonly webhook?: { readonly clientConfig?: WebhookClientConfig }
    }
  }
  readonly status?: {
    readonly conditions?: readonly Condition[]
    readonly storedVersions?: readonly string[]
  }
}

/** Where the API server asks, and whom it trusts there. */
export type WebhookClientConfig = {
  /** PEM, in base64. */
  readonly caBundle?: string
  readonly url?: string
  readonly service?: { readonly namespace: string; readonly name: string; readonly port?: number }
}

/** ValidatingWebhookConfiguration. */
export type WebhookConfiguration = KubeObject & {
  readonly webhooks?: readonly {
    readonly name: string
    readonly clientConfig?: WebhookClientConfig
  }[]
}
