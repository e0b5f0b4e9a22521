/**
 * Objects as the caches hold them. There may be ten thousand releases, nearly all of them at rest: what tells objects
 * apart stands in the open, the rest waits as text until a pass asks for it.
 */
import type { KubeObject, Labels, ObjectMeta } from '#core/k8s/meta.ts'
import type { PodTemplate, ServicePort } from '#core/k8s/workloads.ts'
import type { WorkloadSeen } from '#core/observed.ts'

/** Only what tells objects apart; it is its own metadata, so that a cache can tell versions apart too. */
class Identity {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly resourceVersion: string

  constructor({ name, namespace, uid, resourceVersion }: ObjectMeta) {
    this.name = name
    this.namespace = namespace ?? ''
    this.uid = uid ?? ''
    this.resourceVersion = resourceVersion ?? ''
  }

  get metadata(): this {
    return this
  }
}

/** A whole object, without what nobody reads. */
export class HeldObject extends Identity {
  readonly generation: number
  readonly #text: string

  constructor(object: KubeObject) {
    super(object.metadata)
    this.generation = object.metadata.generation ?? 0
    this.#text = compact(trimmed(object))
  }

  /** The object as it arrived, built anew at each call. */
  read(): KubeObject {
    return JSON.parse(this.#text) as KubeObject
  }
}

export type WorkloadFacts = Omit<
  WorkloadSeen,
  'name' | 'uid' | 'resourceVersion' | 'template' | 'kind'
> & { readonly kind: WorkloadSeen['kind']; readonly release: string; readonly ownerUid: string }

export class WorkloadHeld extends Identity {
  readonly release: string
  readonly ownerUid: string
  readonly kind: WorkloadSeen['kind']
  readonly revision: string
  readonly written: string
  readonly replicas: number
  readonly ready: number
  readonly createdAt: number
  readonly deleting: boolean
  readonly #template: string

  constructor(metadata: ObjectMeta, facts: WorkloadFacts, template: PodTemplate) {
    super(metadata)
    this.release = facts.release
    this.ownerUid = facts.ownerUid
    this.kind = facts.kind
    this.revision = facts.revision
    this.written = facts.written
    this.replicas = facts.replicas
    this.ready = facts.ready
    this.createdAt = facts.createdAt
    this.deleting = facts.deleting
    this.#template = compact(template)
  }

  /** As a pass sees it. Its template, which few passes look at, is built when it is looked at. */
  seen(): WorkloadSeen {
    const { kind, name, uid, resourceVersion, revision, written, replicas, ready } = this
    const text = this.#template
    let template: PodTemplate | undefined
    return {
      kind,
      name,
      uid,
      resourceVersion,
      revision,
      written,
      get template() {
        template ??= JSON.parse(text) as PodTemplate
        return template
      },
      replicas,
      ready,
      createdAt: this.createdAt,
      deleting: this.deleting,
    }
  }
}

export class ServiceHeld extends Identity {
  readonly ownerUid: string | undefined
  /** Kind and name of the controller that owns it. */
  readonly owner: string | undefined
  readonly #spec: string

  constructor(metadata: ObjectMeta, selector: Labels, ports: readonly ServicePort[]) {
    super(metadata)
    const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
    this.ownerUid = owner?.uid
    this.owner = owner === undefined ? undefined : `${owner.kind} ${owner.name}`
    this.#spec = compact({ selector, ports })
  }

  read(): { readonly selector: Labels; readonly ports: readonly ServicePort[] } {
    return JSON.parse(this.#spec) as ReturnType<ServiceHeld['read']>
  }
}

export type EndpointHeld = {
  readonly pod: string
  readonly ready: boolean
  readonly ip: string | undefined
}

/** Which pods of which Service are ready. */
export class SliceHeld extends Identity {
  readonly service: string
  readonly endpoints: readonly EndpointHeld[]

  constructor(metadata: ObjectMeta, service: string, endpoints: readonly EndpointHeld[]) {
    super(metadata)
    this.service = service
    this.endpoints = endpoints
  }
}

/** JSON of one byte a letter: a single letter beyond Latin-1 would double the whole text. */
function compact(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\0-\xff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function trimmed(object: KubeObject): KubeObject {
  const { managedFields: _fields, ...metadata } = object.metadata as ObjectMeta & {
    managedFields?: unknown
  }
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...kept } =
    metadata.annotations ?? {}
  return {
    ...object,
    metadata: { ...metadata, ...(metadata.annotations === undefined ? {} : { annotations: kept }) },
  }
}
