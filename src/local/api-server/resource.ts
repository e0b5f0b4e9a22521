/** What the server knows of a kind it serves. One value of this type drives routing, discovery, writes and output. */
import type { Obj } from '#core/schema/json.ts'
import type { Schema } from '#core/schema/schema.ts'
import type { WebhookClient } from './webhook/target.ts'

export type Subresource = {
  readonly name: string
  readonly kind: string
  readonly group?: string
  readonly version?: string
  readonly verbs: readonly string[]
}

export type PrinterColumn = {
  readonly name: string
  readonly type: string
  readonly jsonPath: string
  readonly description?: string
  readonly format?: string
  readonly priority?: number
}

/** How objects of one version become objects of another. */
export type Conversion =
  /** They are the same but for the name of the version. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'webhook'
      readonly definition: string
      readonly client: WebhookClient
      /** Of ConversionReview. */
      readonly reviewVersions: readonly string[]
    }

/** What only kinds defined by a CustomResourceDefinition have. */
export type CustomFacts = {
  readonly storageVersion: string
  /** The kind in all its versions, whether they are served or not. */
  readonly versions: ReadonlyMap<string, Resource>
  readonly conversion: Conversion
  readonly columns: readonly PrinterColumn[]
  readonly selectable: readonly string[]
  readonly hasStatus: boolean
  readonly scale:
    | {
        readonly specReplicasPath: string
        readonly statusReplicasPath: string
        readonly labelSelectorPath?: string
      }
    | undefined
  readonly deprecation: string | undefined
}

export type Resource = {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly string[]
  readonly hash?: string
  readonly subresources: readonly Subresource[]
  /** Absent only for a custom kind without a schema. */
  readonly schema: Schema | undefined
  /** Name of the schema in the OpenAPI documents. */
  readonly schemaName: string
  /** Where objects are kept; two group versions of one kind share it. */
  readonly storage: string
  readonly custom?: CustomFacts
}

/** An object on its way in or out; `metadata` is made sure of before anything else looks at it. */
export type Stored = Obj & { metadata: Obj }

export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`
}
