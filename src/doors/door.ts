/**
 * What a door is: a pure translator from its own input to the engine's model, and of the engine's notebook back into its
 * own words. A door has no engine of its own, and no engine code knows a door.
 */
import type { ReadResult } from '#core/api/read.ts'
import type { Lookup } from '#core/api/reference.ts'
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject, ObjectRef } from '#core/k8s/meta.ts'
import type { App } from '#core/model/app.ts'
import type { Notebook } from '#core/model/notebook.ts'
import type { Vocabulary } from '#core/outbox/vocabulary.ts'

export type Door = {
  /** As in `headgate get DOOR/NAME`. */
  readonly name: string
  /** The custom resource that carries its releases. */
  readonly kind: Kind
  /** CustomResourceDefinitions that it needs in the cluster. */
  readonly crds: readonly KubeObject[]
  /** Objects that it cannot be read without; left out, there are none. */
  readonly related?: (object: KubeObject) => readonly ObjectRef[]
  readonly read: (object: KubeObject, lookup: Lookup) => ReadResult
  readonly notebook: (object: KubeObject) => Notebook | undefined
  /** The status to store; `app` is undefined when the object could not be understood. */
  readonly status: (object: KubeObject, book: Notebook, app: App | undefined) => unknown
  /** Its words for transitions; left out, the engine's own. */
  readonly vocabulary?: Vocabulary
}
