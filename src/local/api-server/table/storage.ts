/** The columns of volumes, and of claims on them and on other resources. */
import { asArray, asObject, asString, at } from '#core/schema/json.ts'
import type { Stored } from '../resource.ts'
import { ageColumn, type Column, column, nameColumn, text, wide } from './column.ts'

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

/** Access modes, each once and in the order of the list above. */
function modesText(object: Stored, part: string): string {
  const given = asArray(at(object, part, 'accessModes'))
  return Object.entries(shortModes)
    .flatMap(([mode, short]) => (given.includes(mode) ? [short] : []))
    .join(',')
}

function phase(object: Stored): string {
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating'
  return asString(at(object, 'status', 'phase')) ?? ''
}

function className(object: Stored): string {
  const old = asObject(object.metadata.annotations)?.['volume.beta.kubernetes.io/storage-class']
  return asString(old) ?? asString(at(object, 'spec', 'storageClassName')) ?? ''
}

/** The part of the columns that volumes and claims share; `short` is the kind as people write it. */
function classColumns(short: string): Column[] {
  return [
    column('StorageClass', 'string', `StorageClass of the ${short}`, className),
    column(
      'VolumeAttributesClass',
      'string',
      `VolumeAttributesClass of the ${short}`,
      (object) => asString(at(object, 'spec', 'volumeAttributesClassName')) ?? '<unset>',
    ),
  ]
}

function modeColumn(about: string): Column {
  return wide(
    'VolumeMode',
    'string',
    about,
    (object) => asString(at(object, 'spec', 'volumeMode')) ?? '<unset>',
  )
}

export function volumeColumns(): Column[] {
  const spec = (field: string): string => `core:PersistentVolumeSpec:${field}`
  return [
    nameColumn(),
    column('Capacity', 'string', spec('capacity'), (object) =>
      String(at(object, 'spec', 'capacity', 'storage') ?? '0'),
    ),
    column('Access Modes', 'string', spec('accessModes'), (object) => modesText(object, 'spec')),
    column(
      'Reclaim Policy',
      'string',
      spec('persistentVolumeReclaimPolicy'),
      text('spec', 'persistentVolumeReclaimPolicy'),
    ),
    column('Status', 'string', 'core:PersistentVolumeStatus:phase', phase),
    column('Claim', 'string', spec('claimRef'), (object) => {
      const claim = asObject(at(object, 'spec', 'claimRef'))
      return claim === undefined ? '' : `${claim.namespace ?? ''}/${claim.name ?? ''}`
    }),
    ...classColumns('pv'),
    column('Reason', 'string', 'core:PersistentVolumeStatus:reason', text('status', 'reason')),
    ageColumn(),
    modeColumn(spec('volumeMode')),
  ]
}

export function claimColumns(): Column[] {
  const isBound = (object: Stored): boolean =>
    (asString(at(object, 'spec', 'volumeName')) ?? '') !== ''
  return [
    nameColumn(),
    column('Status', 'string', 'core:PersistentVolumeClaimStatus:phase', phase),
    column(
      'Volume',
      'string',
      'core:PersistentVolumeClaimSpec:volumeName',
      text('spec', 'volumeName'),
    ),
    column('Capacity', 'string', 'core:PersistentVolumeClaimStatus:capacity', (object) =>
      isBound(object) ? String(at(object, 'status', 'capacity', 'storage') ?? '0') : '',
    ),
    column('Access Modes', 'string', 'core:PersistentVolumeClaimStatus:accessModes', (object) =>
      isBound(object) ? modesText(object, 'status') : '',
    ),
    ...classColumns('pvc'),
    ageColumn(),
    modeColumn('core:PersistentVolumeClaimSpec:volumeMode'),
  ]
}

export function quotaColumns(): Column[] {
  const request = 'Request represents a minimum amount of cpu/memory that a container may consume.'
  const limit =
    'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.'
  return [
    nameColumn(),
    column('Request', 'string', request, (object) => quotaText(object, false)),
    column('Limit', 'string', limit, (object) => quotaText(object, true)),
    ageColumn(),
  ]
}

/** What is used of what is granted: `limits.cpu` and the like, or all others. */
function quotaText(object: Stored, limits: boolean): string {
  const used = asObject(at(object, 'status', 'used')) ?? {}
  return Object.entries(asObject(at(object, 'status', 'hard')) ?? {})
    .filter(([name]) => name.startsWith('limits.') === limits)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${String(used[name] ?? '0')}/${String(hard)}`)
    .join(', ')
}
