/**
 * The Deployment that a release took its template from. Its pods go once ours serve, and come back before ours go: at no
 * moment are there fewer than the traffic needs.
 */
import type { PatchOperation, Write } from './decision.ts'
import { pointer } from './decision.ts'
import { type Facts, listedReady } from './facts.ts'
import type { App, Reference } from './model/app.ts'
import { stable } from './model/weights.ts'
import { annotations } from './render/names.ts'
import { workloadRef } from './render/workload.ts'

/** Takes the Deployment's pods away when nobody is sent to them any more. */
export function relieve(facts: Facts, stableRevision: string | undefined): readonly Write[] {
  const { app } = facts
  const { reference } = app
  if (reference === undefined || reference.replicas === 0 || stableRevision === undefined) return []
  const own = listedReady(facts, stable, stableRevision)
  const onlyOurs = facts.listedAll(stable) === own && own >= app.replicas
  return onlyOurs && app.deletedAt === undefined ? [scaled(app, reference, 0)] : []
}

/** What is still missing before ours may go: undefined when the Deployment has its pods. */
export function giveBack(app: App): { readonly writes: readonly Write[] } | undefined {
  const { reference } = app
  if (reference === undefined) return undefined
  if (reference.replicas < reference.wanted)
    return { writes: [scaled(app, reference, reference.wanted)] }
  return reference.ready < reference.wanted ? { writes: [] } : undefined
}

function scaled(app: App, reference: Reference, replicas: number): Write {
  const { name, uid, resourceVersion, annotated } = reference
  const path = pointer('metadata', 'annotations', annotations.replicas)
  const note: readonly PatchOperation[] =
    replicas > 0
      ? []
      : [
          ...(annotated ? [] : [{ op: 'add', path: '/metadata/annotations', value: {} } as const]),
          { op: 'add', path, value: String(reference.replicas) },
        ]
  const patch: readonly PatchOperation[] = [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    ...note,
    { op: 'add', path: '/spec/replicas', value: replicas },
  ]
  return { kind: 'patch', ref: workloadRef(app, { kind: 'Deployment', name }), patch }
}
