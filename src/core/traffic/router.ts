/**
 * What a traffic router is: two pure functions between weights by role and the objects a gateway reads, and what it
 * can do. A router has no client, no clock and no memory.
 */
import type { Write } from '../decision.ts'
import type { KubeObject, ObjectRef } from '../k8s/meta.ts'
import type { App, Extras, Match } from '../model/app.ts'
import type { RoleName, Weights } from '../model/weights.ts'
import type { Follows } from './follows.ts'

export type RouteObjects = Readonly<Record<string, KubeObject>>

/** Ready pods of each role's revision that the stable Service lists. */
export type PodsBehind = Readonly<Record<RoleName, number>>

export type RouterApp = Pick<
  App,
  | 'namespace'
  | 'name'
  | 'owner'
  | 'deletedAt'
  | 'services'
  | 'template'
  | 'traffic'
  | 'plan'
  | 'workloads'
>

export type Router = {
  readonly name: string
  readonly capabilities: RouterCapabilities
  /**
   * What people wrote and must be gathered for an app; no two releases may govern the same. Keys of RouteObjects are
   * `Kind/name`.
   */
  readonly objects: (app: RouterApp) => readonly ObjectRef[]
  /** Where objects of our own may stand beside those; gathered too, and ours only if they bear our owner. */
  readonly beside: (app: RouterApp) => readonly ObjectRef[]
  /** Which of those `render` makes and deletes itself. */
  readonly renders: (app: RouterApp, ref: ObjectRef) => boolean
  readonly read: (app: RouterApp, objects: RouteObjects, pods: PodsBehind) => RouteReading
  /** Writes that bring the split into the objects: nothing where it stands there already. */
  readonly render: (app: RouterApp, objects: RouteObjects, split: Split) => readonly Write[]
  /** A routing object with the split in it: what `render` makes of it. */
  readonly placed: (app: RouterApp, object: KubeObject, split: Split) => KubeObject
  /** The ports at which the route reaches a Service; for Services that have to be created. */
  readonly ports: (app: RouterApp, objects: RouteObjects, service: string) => readonly number[]
  /** Objects of our own that must stand beside the route, but for those that `render` makes. */
  readonly companions: (app: RouterApp, objects: RouteObjects) => readonly KubeObject[]
  /** Writes that take back all that is ours, so that the release may go. Nothing where nothing is. */
  readonly restore: (app: RouterApp, objects: RouteObjects) => readonly Write[]
}

/** Requests that go to a role by what they carry. */
export type Matches = Readonly<Record<RoleName, readonly Match[]>>

/**
 * Where requests should go: those that match a rule of a role to that role, all others by weight. Roles that `weights`
 * names stand in the route, also with 0; the others of the app have no place there.
 */
export type Split = {
  /** Undefined leaves them as they stand. */
  readonly weights: Weights | undefined
  readonly matches: Matches
}

export type RouterCapabilities = {
  /** What splits the traffic: weights in an object, the number of pods behind one Service, or nothing. */
  readonly by: 'weight' | 'pods' | 'nothing'
  /** How many roles may share the traffic by weight. */
  readonly roles: number
  readonly headerMatch: boolean
  readonly cookieMatch: boolean
  /** Whether the candidate can have a host of its own. */
  readonly previewHost: boolean
  /** What it can do beside splitting traffic. */
  readonly extras: readonly (keyof Extras)[]
  /** Why it cannot tell requests by these, if it cannot; by default it can by all that the members above say. */
  readonly cannotMatch?: (matches: readonly Match[]) => string | undefined
}

export type RouteReading =
  | { readonly kind: 'missing'; readonly object: string }
  | { readonly kind: 'unusable'; readonly object: string; readonly problem: string }
  | {
      readonly kind: 'read'
      readonly object: string
      readonly weights: Weights
      /** False when rules of one route disagree, so that no single split is true. */
      readonly uniform: boolean
      /** Which roles have a place in the route, with or without weight. */
      readonly roles: readonly RoleName[]
      /** Rules by match as they stand there, as far as they are ours. */
      readonly matches: Matches
      readonly acceptance: Acceptance
    }

export type Acceptance =
  /** `token` names this very state of the object. */
  | ({ readonly kind: 'accepted'; readonly token: string } & Follows)
  | { readonly kind: 'waiting'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string }
