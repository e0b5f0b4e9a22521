/**
 * No route at all: nothing splits the traffic, and releases go by pods alone. The weights are kept in the notebook, as far
 * as pods could carry them, so that a release goes the very same way as with a route.
 */
import { shortHash } from '../hash.ts'
import type { KubeObject } from '../k8s/meta.ts'
import type { Weights } from '../model/weights.ts'
import type { RouteReading, Router, RouterApp } from './router.ts'

export const noRouter: Router = {
  name: 'none',
  capabilities: {
    by: 'nothing',
    roles: 16,
    // Nobody is sent anywhere by a rule, as nobody is by weight.
    headerMatch: true,
    cookieMatch: true,
    previewHost: false,
    extras: [],
  },
  objects: () => [],
  beside: () => [],
  renders: () => false,
  read: (app) => imagined(app, { stable: 100 }),
  render: () => [],
  placed: (_app, object: KubeObject) => object,
  ports: ({ template }) => [
    ...new Set(
      template.spec.containers.flatMap(({ ports }) =>
        (ports ?? []).map(({ containerPort }) => containerPort),
      ),
    ),
  ],
  companions: () => [],
  restore: () => [],
}

/** What would be read of a route that does at once what it is told. */
export function imagined({ services }: RouterApp, weights: Weights): RouteReading {
  return {
    kind: 'read',
    object: '',
    weights,
    uniform: true,
    roles: Object.keys(services),
    matches: {},
    acceptance: { kind: 'accepted', token: shortHash(weights), settleMs: 0 },
  }
}
