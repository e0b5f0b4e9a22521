/** Metadata as tables and partial objects carry it: as the server has it inside, before it writes an object out. */
import { isObject, type Obj } from '#core/schema/json.ts'
import { templateGeneration } from './builtin/strategies/workloads.ts'
import type { Resource, Stored } from './resource.ts'

/** A field of daemon sets that is an annotation outside only is left out. */
export function innerMetadata({ storage }: Resource, { metadata }: Stored): Obj {
  const { annotations, ...rest } = metadata
  if (storage !== 'apps/daemonsets' || !isObject(annotations)) return metadata
  const { [templateGeneration]: _outside, ...others } = annotations
  return Object.keys(others).length === 0 ? rest : { ...rest, annotations: others }
}
