/**
 * Objects as the caches hold them. There may be ten thousand releases, nearly all of them at rest: what tells objects
 * apart stands in the open, the rest waits as text until a pass asks for it.
 */
import type { KubeObject, Labels, ObjectMeta } from '#core/k8s/meta.ts'
import type { PodTemplate, ServicePort } from '#core/k8s/workloads.ts'
import type { MemberSeen, WorkloadSeen } from '#core/observed.ts'
import { labels } from '#core/render/names.ts'
import { parseInstant } from '#core/time.ts'
import { fromShorthand, toShorthand } from './shorthand.ts'

const texts = new Map<string, string>()

/** One copy of a text of which there are few different ones; each object brings its own. */
function shared(text: string): string {
  const known = texts.get(text)
  if (known === undefined) texts.set(text, text)
  return known ?? text
}

/** Only what tells objects apart; it is its own metadata, so that a cache can tell versions apart too. */
class Identity {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly resourceVersion: string

  constructor({ name, namespace, uid, resourceVersion }: ObjectMeta) {
    this.name = name
    this.namespace = shared(namespace ?? '')
    this.uid = uid ?? ''
    this.resourceVersion = resourceVersion ?? ''
  }

  get metadata(): this {
    return this
  }
}

/** A whole object, without what nobody reads. */
export class HeldObject extends Identity {
  readonly apiVersion: string
  readonly kind: string
  readonly generation: number
  readonly #rest: string

  constructor(object: KubeObject) {
    super(object.metadata)
    this.apiVersion = shared(object.apiVersion)
    this.kind = shared(object.kind)
    this.generation = object.metadata.generation ?? 0
    this.#rest = toShorthand(restOf(object))
  }

  /** The object as it arrived, built anew at each call. */
  read(): KubeObject {
    const { apiVersion, kind, name, namespace, uid, resourceVersion } = this
    const own = namespace === '' ? { name } : { name, namespace }
    const { metadata, ...rest } = fromShorthand(this.#rest) as Pick<KubeObject, 'metadata'>
    return { apiVersion, kind, metadata: { ...own, uid, resourceVersion, ...metadata }, ...rest }
  }
}

/** What does not stand in the open: without field ownership, and without the copy that kubectl apply leaves. */
function restOf({ apiVersion: _v, kind: _k, metadata, ...rest }: KubeObject): object {
  const {
    name: _name,
    namespace: _namespace,
    uid: _uid,
    resourceVersion: _version,
    managedFields: _fields,
    ...kept
  } = metadata as ObjectMeta & { managedFields?: unknown }
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...annotations } =
    kept.annotations ?? {}
  const own = kept.annotations === undefined ? kept : { ...kept, annotations }
  return { metadata: own, ...rest }
}

export type WorkloadFacts = Omit<
  WorkloadSeen,
  'name' | 'uid' | 'resourceVersion' | 'template' | 'kind' | 'owned'
> & { readonly kind: WorkloadSeen['kind']; readonly release: string; readonly ownerUid: string }

export class WorkloadHeld extends Identity {
  readonly release: string
  readonly kind: WorkloadSeen['kind']
  readonly revision: string
  readonly written: string
  readonly replicas: number
  readonly pods: number
  readonly ready: number
  readonly createdAt: number
  readonly deleting: boolean
  #ownerUid: string
  readonly #template: string

  constructor(metadata: ObjectMeta, facts: WorkloadFacts, template: PodTemplate) {
    super(metadata)
    this.release = facts.release
    this.#ownerUid = facts.ownerUid
    this.kind = facts.kind
    this.revision = facts.revision
    this.written = facts.written
    this.replicas = facts.replicas
    this.pods = facts.pods
    this.ready = facts.ready
    this.createdAt = facts.createdAt
    this.deleting = facts.deleting
    this.#template = toShorthand(template)
  }

  belongsTo(uid: string): boolean {
    if (this.#ownerUid !== uid) return false
    // From now on it shares the owner's own copy of the text.
    this.#ownerUid = uid
    return true
  }

  get hasOwner(): boolean {
    return this.#ownerUid !== ''
  }

  /** As a pass sees it. Its template, which few passes look at, is built when it is looked at. */
  seen(): WorkloadSeen {
    const { kind, name, uid, resourceVersion, revision, written, replicas, pods, ready } = this
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
        template ??= fromShorthand(text) as PodTemplate
        return template
      },
      replicas,
      pods,
      ready,
      createdAt: this.createdAt,
      deleting: this.deleting,
      owned: this.#ownerUid !== '',
    }
  }
}

/** A pod that may change hands. */
export class MemberHeld extends Identity {
  readonly release: string
  readonly deleting: boolean
  readonly ready: boolean
  readonly createdAt: number
  readonly #labels: Labels

  constructor(metadata: ObjectMeta, ready: boolean) {
    super(metadata)
    this.#labels = metadata.labels ?? {}
    this.release = this.#labels[labels.release] ?? ''
    this.deleting = metadata.deletionTimestamp !== undefined
    this.ready = ready
    this.createdAt = parseInstant(metadata.creationTimestamp) ?? 0
  }

  seen(): MemberSeen {
    const { name, uid, resourceVersion, ready, createdAt } = this
    const revision = this.#labels[labels.revision] ?? ''
    return { name, uid, resourceVersion, labels: this.#labels, revision, ready, createdAt }
  }
}

type ServiceRest = {
  readonly selector: Labels
  readonly ports: readonly ServicePort[]
  /** Kind and name of the controller that owns it. */
  readonly owner: string | undefined
}

export class ServiceHeld extends Identity {
  #ownerUid: string | undefined
  readonly #rest: string

  constructor(metadata: ObjectMeta, selector: Labels, ports: readonly ServicePort[]) {
    super(metadata)
    const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
    this.#ownerUid = owner?.uid
    const named = owner === undefined ? undefined : `${owner.kind} ${owner.name}`
    this.#rest = toShorthand({ selector, ports, owner: named } satisfies ServiceRest)
  }

  isOwnedBy(uid: string): boolean {
    // From now on it shares the owner's own copy of the text.
    if (this.#ownerUid === uid) this.#ownerUid = uid
    return this.#ownerUid === uid
  }

  read(): ServiceRest {
    return fromShorthand(this.#rest) as ServiceRest
  }
}

export type EndpointHeld = {
  readonly pod: string
  readonly ready: boolean
  readonly ip?: string | undefined
}

/** Which pods of which Service are ready. */
export class SliceHeld extends Identity {
  readonly service: string
  readonly #endpoints: string

  constructor(metadata: ObjectMeta, service: string, endpoints: readonly EndpointHeld[]) {
    super(metadata)
    this.service = service
    this.#endpoints = toShorthand(endpoints)
  }

  endpoints(): readonly EndpointHeld[] {
    return fromShorthand(this.#endpoints) as readonly EndpointHeld[]
  }
}
