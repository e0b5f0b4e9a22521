/**
 * What a traffic router is: two pure functions between weights by role and the objects a gateway reads, and what it
 * can do. A router has no client, no clock and no memory.
 */
import type { Write } from '../decision.ts'
import type { KubeObject, ObjectRef } from '../k8s/meta.ts'
import type { App } from '../model/app.ts'
import type { Weights } from '../model/weights.ts'

export type RouteObjects = Readonly<Record<string, KubeObject>>

export type RouterApp = Pick<App, 'namespace' | 'services' | 'traffic'>

export type Router = {
  readonly name: string
  readonly capabilities: RouterCapabilities
  /** Which objects must be gathered for an app. Keys of RouteObjects are `Kind/name`. */
  readonly objects: (app: RouterApp) => readonly ObjectRef[]
  readonly read: (app: RouterApp, objects: RouteObjects) => RouteReading
  /** Writes that bring the weights into the objects: nothing where they stand there already. */
  readonly render: (app: RouterApp, objects: RouteObjects, weights: Weights) => readonly Write[]
  /** The ports at which the route reaches a Service; for Services that have to be created. */
  readonly ports: (app: RouterApp, objects: RouteObjects, service: string) => readonly number[]
}

export type RouterCapabilities = {
  /** How many roles may share the traffic by weight. */
  readonly roles: number
  readonly headerMatch: boolean
  readonly cookieMatch: boolean
}

export type RouteReading =
  | { readonly kind: 'missing'; readonly object: string }
  | { readonly kind: 'unusable'; readonly object: string; readonly problem: string }
  | {
      readonly kind: 'read'
      readonly object: string
      readonly weights: Weights
      /** False when rules of one route disagree, so that no single set of weights is true. */
      readonly uniform: boolean
      readonly acceptance: Acceptance
    }

export type Acceptance =
  /** `token` names this very state of the object; `settleMs` is how long its gateway follows behind its own word. */
  | { readonly kind: 'accepted'; readonly token: string; readonly settleMs: number }
  | { readonly kind: 'waiting'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string }
