/** What most kinds have in common; a kind's own file says only where it differs. */
import { asNumber, clone, equal, type Obj, type Value } from '#core/schema/json.ts'
import { subdomainName } from '../../names.ts'
import { apiVersionOf, type Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { builtinResources } from '../kinds.ts'
import { normalise } from '../normalise.ts'

const nothing = (): readonly never[] => []

export const base: Strategy = {
  unconditionalUpdate: true,
  createOnUpdate: false,
  returnsDeleted: false,
  orphansByDefault: false,
  checkName: subdomainName,
  defaults: () => {},
  prepareCreate: () => {},
  prepareUpdate: () => {},
  prepareStatus: () => {},
  validate: nothing,
  validateUpdate: nothing,
  validateStatus: nothing,
  warnings: nothing,
  graceSeconds: undefined,
}

/** Sets or takes away a field. What is so already is left alone, for it may be somebody else's too. */
export function assign(object: Obj, field: string, value: Value | undefined): void {
  if (object[field] === value) return
  if (value === undefined) delete object[field]
  else object[field] = value
}

const emptyStatuses = new Map<string, Obj>()

/** What Go writes for a status nobody has set. */
function emptyStatus({ apiVersion, kind }: Stored): Obj {
  const key = `${String(apiVersion)}/${String(kind)}`
  let status = emptyStatuses.get(key)
  if (status === undefined) {
    const resource = builtinResources().find(
      (one) => one.kind === kind && apiVersionOf(one) === apiVersion,
    )
    const schema = resource?.schema?.properties?.status
    status = schema === undefined ? {} : normalise(schema, {})
    emptyStatuses.set(key, status)
  }
  return clone(status)
}

/** A kind with spec and status: each is written through its own door. `first` is said in a new object's status. */
export function withStatus(first: Obj = {}): Strategy {
  return {
    ...base,
    prepareCreate: (object) => assign(object, 'status', { ...emptyStatus(object), ...first }),
    prepareUpdate: (object, old) => assign(object, 'status', old.status),
    prepareStatus: (object, old) => assign(object, 'spec', old.spec),
  }
}

/** Counts a generation when a field of the object changed. */
export function withGeneration(strategy: Strategy, fields: readonly string[] = ['spec']): Strategy {
  return {
    ...strategy,
    prepareCreate: (object, machine, dryRun) => {
      strategy.prepareCreate(object, machine, dryRun)
      object.metadata.generation = 1
    },
    prepareUpdate: (object, old, machine) => {
      strategy.prepareUpdate(object, old, machine)
      const changed = fields.some((path) => !equal(part(object, path), part(old, path)))
      const before = asNumber(old.metadata.generation) ?? 0
      if (changed) object.metadata.generation = before + 1
    },
  }
}

function part(object: Stored, path: string): Value | undefined {
  return path === 'annotations' || path === 'labels' ? object.metadata[path] : object[path]
}
