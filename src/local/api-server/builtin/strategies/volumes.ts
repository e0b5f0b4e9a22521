/** Volumes and claims on them: kept and defaulted, and protected while somebody may use them; nobody here binds them. */
import { asArray, asObject, child } from '#core/schema/json.ts'
import type { Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { seconds } from '../times.ts'
import { assign, withStatus } from './base.ts'
import { fill } from './pod-defaults.ts'

const pending = withStatus({ phase: 'Pending' })

function protect(object: Stored, finalizer: string): void {
  const finalizers = asArray(object.metadata.finalizers)
  if (!finalizers.includes(finalizer)) object.metadata.finalizers = [...finalizers, finalizer]
}

export const claimStrategy: Strategy = {
  ...pending,
  returnsDeleted: true,
  defaults: (claim) => fill(child(claim, 'spec'), 'volumeMode', 'Filesystem'),
  // So it is with its phase.
  completedLater: () => true,
  prepareCreate: (claim, machine, dryRun) => {
    pending.prepareCreate(claim, machine, dryRun)
    protect(claim, 'kubernetes.io/pvc-protection')
  },
}

export const volumeStrategy: Strategy = {
  ...pending,
  returnsDeleted: true,
  defaults: (volume) => {
    const spec = child(volume, 'spec')
    fill(spec, 'persistentVolumeReclaimPolicy', 'Retain')
    fill(spec, 'volumeMode', 'Filesystem')
    const host = asObject(spec.hostPath)
    if (host !== undefined) host.type ??= ''
  },
  prepareCreate: (volume, machine, dryRun) => {
    pending.prepareCreate(volume, machine, dryRun)
    protect(volume, 'kubernetes.io/pv-protection')
    child(volume, 'status').lastPhaseTransitionTime = seconds(machine.ports.clock.now())
  },
  prepareStatus: (volume, old, machine) => {
    pending.prepareStatus(volume, old, machine)
    const status = child(volume, 'status')
    const before = asObject(old.status) ?? {}
    const given = status.lastPhaseTransitionTime
    const changed = status.phase !== before.phase
    if (!changed && given === undefined) {
      assign(status, 'lastPhaseTransitionTime', before.lastPhaseTransitionTime)
    }
    if (changed && (given === undefined || given === before.lastPhaseTransitionTime)) {
      status.lastPhaseTransitionTime = seconds(machine.ports.clock.now())
    }
  },
}
