/**
 * Keeps the rules of ClusterRoles with an aggregationRule equal to those of the roles they gather. A real cluster leaves
 * that to kube-controller-manager; here it is done in the same breath as the write, so that no reader ever sees
 * `admin`, `edit` and `view` without their rules.
 */
import { asArray, asObject, equal, type Obj, objectsOf } from '#core/schema/json.ts'
import { selectableFields } from '../builtin/fields.ts'
import { seconds } from '../builtin/times.ts'
import { selects } from '../label-selector.ts'
import type { Machine } from '../machine.ts'
import { objectOf } from '../output.ts'
import type { Resource, Stored } from '../resource.ts'
import { isAggregated } from './escalation.ts'
import { clusterRoles, rbacGroup } from './objects.ts'

const manager = 'clusterrole-aggregation-controller'
/** Roles that gather one another settle within a few rounds; more would mean that they never do. */
const maxRounds = 8

/** From now on a written or removed ClusterRole shows in those that gather it. */
export function startAggregation(machine: Machine): void {
  const resource = machine.registry.find(`${rbacGroup}/v1`, 'clusterroles')
  if (resource === undefined) return
  let busy = false
  machine.hooks.written.push(({ storage }) => {
    if (storage !== clusterRoles || busy) return
    busy = true
    try {
      let rounds = 0
      while (rounds < maxRounds && gather(machine, resource)) rounds += 1
    } finally {
      busy = false
    }
  })
}

/** One round over all roles; true when something changed. */
function gather(machine: Machine, resource: Resource): boolean {
  const roles = machine.store
    .list(clusterRoles)
    .map((entry) => ({ key: entry.key, object: objectOf(resource, entry) }))
  let changed = false
  for (const { key, object } of roles) {
    if (!isAggregated(object)) continue
    const rules = gathered(
      object,
      roles.map((role) => role.object),
    )
    if (equal(rules, asArray(object.rules))) continue
    changed = true
    write(machine, resource, key, object, rules)
  }
  return changed
}

function gathered(role: Stored, all: readonly Stored[]): Obj[] {
  const rules: Obj[] = []
  for (const selector of objectsOf(asObject(role.aggregationRule)?.clusterRoleSelectors)) {
    for (const other of all) {
      if (other.metadata.name === role.metadata.name) continue
      if (!selects(selector, asObject(other.metadata.labels) ?? {})) continue
      for (const rule of objectsOf(other.rules)) {
        if (!rules.some((known) => equal(known, rule))) rules.push(rule)
      }
    }
  }
  return rules
}

function write(
  machine: Machine,
  resource: Resource,
  key: string,
  object: Stored,
  rules: Obj[],
): void {
  object.rules = rules
  object.metadata.managedFields = owners(machine, object)
  machine.store.write(clusterRoles, key, object, selectableFields(resource, object))
  for (const written of machine.hooks.written) written(resource, key)
}

/** The rules have one owner: whoever gathers them. */
function owners({ ports }: Machine, { metadata, apiVersion = '' }: Stored): Obj[] {
  const others = objectsOf(metadata.managedFields)
    .filter((entry) => entry.manager !== manager)
    .map((entry) => {
      const { 'f:rules': _, ...fields } = asObject(entry.fieldsV1) ?? {}
      return { ...entry, fieldsV1: fields }
    })
    .filter(({ fieldsV1 }) => Object.keys(fieldsV1).length > 0)
  const own: Obj = {
    manager,
    operation: 'Apply',
    apiVersion,
    time: seconds(ports.clock.now()),
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:rules': {} },
  }
  return [own, ...others]
}
