/** Which fields a write through one door cannot own: those that the door resets anyway. */
import type { Resource } from '../resource.ts'
import { type FieldSet, without } from './field-set.ts'

export type Filter = (set: FieldSet) => FieldSet

const same: Filter = (set) => set

/** The filter for writes to an object itself, or to its status. */
export function filterOf(resource: Resource, subresource: string): Filter {
  const hasStatus = resource.subresources.some(({ name }) => name === 'status')
  if (subresource === '') return hasStatus ? (set) => without(set, ['f:status']) : same
  if (subresource !== 'status') return same
  if (resource.custom !== undefined) {
    return (set) => kept(set, ['f:metadata', 'f:status'])
  }
  const keepsLabels = resource.storage !== 'apps/deployments'
  return (set) => {
    const rest = without(set, ['f:spec'])
    return keepsLabels ? rest : without(rest, ['f:metadata', 'f:labels'])
  }
}

function kept(set: FieldSet, names: readonly string[]): FieldSet {
  return Object.fromEntries(Object.entries(set).filter(([name]) => names.includes(name)))
}
