/** `spec.workloadRef`: a release of a Deployment that exists. Its template and selector are the release's. */
import type { KubeObject, LabelSelector, Labels, ObjectRef } from '../k8s/meta.ts'
import type { PodTemplate, Workload } from '../k8s/workloads.ts'
import type { Reference } from '../model/app.ts'
import { annotations } from '../render/names.ts'
import type { Notes } from './notes.ts'
import type { Release, ReleaseSpec } from './release.ts'

/** Looks an object up that another one names. */
export type Lookup = (ref: ObjectRef) => KubeObject | undefined

/** What a Release names and cannot be read without. */
export function relatedTo({ metadata, spec }: Release): readonly ObjectRef[] {
  const name = (spec as ReleaseSpec | undefined)?.workloadRef?.name
  const namespace = metadata.namespace ?? 'default'
  return name === undefined ? [] : [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name }]
}

/** As it may stand on the wire: with a reference, neither is written. */
type Written = Omit<ReleaseSpec, 'template' | 'selector'> &
  Partial<Pick<ReleaseSpec, 'template' | 'selector'>>

export type Source = {
  readonly template: PodTemplate
  readonly selector: Labels
  readonly replicas: number
  readonly reference: Reference | undefined
}

/** Where the template, the selector and the number of pods come from; undefined, with a note, where nothing gives them. */
export function sourceOf(release: Release, lookup: Lookup, notes: Notes): Source | undefined {
  const spec: Written = release.spec
  const [ref] = relatedTo(release)
  if (ref === undefined) return writtenSource(release, notes)
  if (spec.template !== undefined || spec.selector !== undefined) {
    notes.add('spec.workloadRef', 'stands instead of selector and template; write one or the other')
    return undefined
  }
  const found = lookup(ref) as Workload | undefined
  if (found === undefined) {
    notes.add('spec.workloadRef.name', `there is no Deployment ${ref.name} in ${ref.namespace}`)
    return undefined
  }
  const selector = (found.spec.selector as LabelSelector | undefined)?.matchLabels ?? {}
  const reference = referenceOf(found)
  const replicas = spec.replicas ?? reference.wanted
  return { template: found.spec.template, selector, replicas, reference }
}

function writtenSource(release: Release, notes: Notes): Source | undefined {
  const spec: Written = release.spec
  if (spec.template === undefined) notes.add('spec.template', 'Required value')
  if (spec.selector === undefined) notes.add('spec.selector', 'Required value')
  if (spec.template === undefined || spec.selector === undefined) return undefined
  const { template, selector, replicas = 1 } = spec
  return { template, selector: selector.matchLabels, replicas, reference: undefined }
}

function referenceOf({ metadata, spec, status }: Workload): Reference {
  const replicas = spec.replicas ?? 1
  const recorded = Number(metadata.annotations?.[annotations.replicas])
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    annotated: metadata.annotations !== undefined,
    replicas,
    ready: status?.readyReplicas ?? 0,
    wanted: replicas === 0 && Number.isInteger(recorded) && recorded > 0 ? recorded : replicas,
  }
}
