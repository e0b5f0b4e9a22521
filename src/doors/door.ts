/**
 * What a door is: a pure translator from its own input to the engine's model, and of the engine's notebook back into its
 * own words. A door has no engine of its own, and no engine code knows a door.
 */
import type { Registry } from 'prom-client'
import type { Definition } from '#core/api/definition.ts'
import type { ReadResult } from '#core/api/read.ts'
import type { Lookup } from '#core/api/reference.ts'
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject, Labels, ObjectRef } from '#core/k8s/meta.ts'
import type { Action, App, Verb } from '#core/model/app.ts'
import type { ReleaseEvent } from '#core/model/event.ts'
import type { Notebook } from '#core/model/notebook.ts'
import type { Vocabulary } from '#core/outbox/vocabulary.ts'
import type { Problem } from '#core/refuse.ts'

export type Door = {
  /** As in `headgate get DOOR/NAME`. */
  readonly name: string
  /** The custom resource that carries its releases. */
  readonly kind: Kind
  /** CustomResourceDefinitions that it needs in the cluster. */
  readonly crds: readonly Definition[]
  /** Objects that it cannot be read without; left out, there are none. */
  readonly related?: (object: KubeObject) => readonly ObjectRef[]
  readonly read: (object: KubeObject, lookup: Lookup) => ReadResult
  /** What is on record; `lookup` finds what `related` names. */
  readonly notebook: (object: KubeObject, lookup: Lookup) => Notebook | undefined
  /** The status to store; `app` is undefined when the object could not be understood. */
  readonly status: (object: KubeObject, book: Notebook, app: App | undefined) => unknown
  /** Its words for transitions; left out, the engine's own. */
  readonly vocabulary?: Vocabulary
  /** How people command its releases from the command line and the dashboard; left out, they cannot. */
  readonly actions?: DoorActions
  /**
   * The lease of the program that this door stands in for: our leader holds it too, so that a forgotten one stands by;
   * while that one holds it, nothing of this door is acted on. Its namespace is where that program had it by default.
   */
  readonly lease?: { readonly name: string; readonly namespace: string }
  /** Answers ConversionReviews of its definition's versions; both ways, nothing may be lost. */
  readonly conversion?: Conversion
  /** Answers AdmissionReviews, through a ValidatingWebhookConfiguration under this name. */
  readonly validation?: Validation
  /** Its people's own metrics, beside the engine's. */
  readonly meter?: (registry: Registry) => Meter
  /** The door as the variables of the program that it stands in for set it up. */
  readonly configured?: (env: Environment) => Configured
}

/** Told of every pass over an object; `standBy` is one that was left to somebody else. */
export type Meter = {
  readonly pass: (
    object: KubeObject,
    seconds: number,
    result: 'success' | 'outdated' | 'error' | 'standBy',
  ) => void
  /** By `namespace/name`. */
  readonly forgotten: (key: string) => void
}

export type Environment = Readonly<Record<string, string | undefined>>

export type Configured = {
  readonly door: Door
  /** Where its transitions are told, beside the sinks that are everybody's. */
  readonly sinks: readonly DoorSink[]
  /** URLs that its administrator named there: they may be asked. */
  readonly trusted: readonly string[]
  readonly logLevel?: string
}

/** Tells one door's transitions alone. `of` is the list of its words that is told; `file` lists become lines of JSON. */
export type DoorSink =
  | {
      readonly kind: 'http'
      readonly name: string
      readonly of: 'http' | 'file'
      readonly url: string
    }
  | {
      readonly kind: 'file'
      readonly name: string
      /** Made where it is missing; left out, it is of this name beside the system's temporary files. */
      readonly folder: { readonly path: string } | { readonly temporary: string }
      readonly file: string
      readonly maxBytes: number
      readonly kept: number
    }
  /** Asks somebody about a transition, once, and tells the answer: in the log, and as a line to the door's other sinks. */
  | {
      readonly kind: 'ask'
      readonly name: string
      readonly question: (
        object: KubeObject,
        event: ReleaseEvent,
      ) => { readonly url: string; readonly timeoutMs: number; readonly body: unknown } | undefined
      readonly answered: (
        object: KubeObject,
        event: ReleaseEvent,
        text: string,
      ) => { readonly told: string; readonly line: unknown } | undefined
    }

/** What people may ask of a door's objects, and how it is written there. An app may take less; see App.actions. */
export type DoorActions = {
  readonly takes: readonly Verb[]
  /** The annotations that say it. Where they are bound to revision and step, a stale one is refused by the engine. */
  readonly annotations: (action: Action & { readonly verb: Verb }) => Labels
  /** Where a new version is asked for; undefined where that is not written in the object. */
  readonly version: (object: KubeObject) => VersionPlace | undefined
}

/** Where an object, or one that it names, says which version is to run; `path` leads there from the object's root. */
export type VersionPlace =
  | { readonly kind: 'template'; readonly at: ObjectRef; readonly path: readonly string[] }
  /** One image reference, as text. */
  | { readonly kind: 'image'; readonly at: ObjectRef; readonly path: readonly string[] }

/** The object in the version that is asked for (`kulta.io/v1beta1`), or why there is none. Never throws. */
export type Conversion = (
  object: KubeObject,
  apiVersion: string,
) =>
  | { readonly kind: 'converted'; readonly object: KubeObject }
  | { readonly kind: 'problem'; readonly message: string }

export type Validation = {
  /** Name of the configuration, and of the webhook in it. */
  readonly configuration: string
  readonly webhook: string
  /** The resource, in all of these versions. */
  readonly versions: readonly string[]
  /** A spec that is allowed: by it the API server can be made to ask, without anything being stored. */
  readonly example: Readonly<Record<string, unknown>>
  /** What must not be stored; an empty list allows it. */
  readonly problems: (object: KubeObject) => readonly Problem[]
}
