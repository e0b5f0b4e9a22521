/** The Lease object as leader election uses it: reading it, taking it, letting it go. Pure. */
import type { KubeObject } from '#core/k8s/meta.ts'

export type LeaseSpec = {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

export type Lease = KubeObject & { readonly spec?: LeaseSpec }

export type LeaseIdentity = {
  readonly namespace: string
  readonly name: string
  /** Who we are; must be different for every process. */
  readonly identity: string
  readonly durationMs: number
}

/** Empty when nobody holds it. */
export function holderOf(lease: Lease): string {
  return lease.spec?.holderIdentity ?? ''
}

/**
 * How long a holder counts as alive after it was last seen to change something, by its own word, in
 * ms.
 */
export function validityOf(lease: Lease, fallbackMs: number): number {
  const seconds = lease.spec?.leaseDurationSeconds
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : fallbackMs
}

/** What changes with every renewal, whoever makes it. */
export function fingerprint(lease: Lease): string {
  const { resourceVersion = '', uid = '' } = lease.metadata
  return `${uid}/${resourceVersion}/${JSON.stringify(lease.spec ?? {})}`
}

/**
 * The lease in our name: renewed where we hold it, taken over where we do not. Keeps everything
 * else of `last`.
 */
export function takenLease(last: Lease | undefined, own: LeaseIdentity, now: number): Lease {
  const isRenewal = last !== undefined && holderOf(last) === own.identity
  const transitions = last?.spec?.leaseTransitions ?? 0
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: last?.metadata ?? { namespace: own.namespace, name: own.name },
    spec: {
      ...last?.spec,
      holderIdentity: own.identity,
      leaseDurationSeconds: Math.ceil(own.durationMs / 1000),
      acquireTime: (isRenewal ? last.spec?.acquireTime : undefined) ?? microTime(now),
      renewTime: microTime(now),
      leaseTransitions: isRenewal || last === undefined ? transitions : transitions + 1,
    },
  }
}

/** The lease given back, so that the next holder need not wait for it to run out. */
export function releasedLease(last: Lease, now: number): Lease {
  const time = microTime(now)
  const spec = { ...last.spec, holderIdentity: '', leaseDurationSeconds: 1 }
  return { ...last, spec: { ...spec, renewTime: time, acquireTime: time } }
}

/** metav1.MicroTime. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z')
}
