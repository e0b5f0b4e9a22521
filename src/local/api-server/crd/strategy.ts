/** How writes treat objects of custom kinds. */
import { asArray, asNumber, equal, type Obj } from '#core/schema/json.ts'
import { assign, base } from '../builtin/strategies/base.ts'
import { subdomainName } from '../names.ts'
import type { CustomFacts, Resource, Stored } from '../resource.ts'
import type { Strategy } from '../strategy.ts'
import { finalizerWarnings } from './finalizers.ts'
import { problemsOfNew, problemsOfStatus, problemsOfUpdate, ratchetedWarnings } from './validate.ts'

export function customStrategy(resource: Resource, facts: CustomFacts): Strategy {
  return {
    ...base,
    unconditionalUpdate: false,
    checkName: subdomainName,
    prepareCreate: (object) => {
      if (facts.hasStatus) delete object.status
      object.metadata.generation = 1
    },
    prepareUpdate: (object, old) => {
      if (facts.hasStatus) assign(object, 'status', old.status)
      // Everything but metadata, and status where it has a door of its own, counts as a change of the wish.
      if (!equal(wish(object, facts), wish(old, facts))) {
        object.metadata.generation = (asNumber(old.metadata.generation) ?? 0) + 1
      }
    },
    prepareStatus: (object, old) => {
      const { status } = object
      const { managedFields } = object.metadata
      for (const field of Object.keys(object)) delete object[field]
      Object.assign(object, { ...old, metadata: { ...old.metadata } })
      assign(object, 'status', status)
      if (asArray(managedFields).length > 0) object.metadata.managedFields = managedFields ?? []
    },
    validate: (object) => problemsOfNew(resource, facts, object),
    validateUpdate: (object, old, { views }) =>
      problemsOfUpdate(resource, facts, object, old, views.entryOf(old)),
    validateStatus: (object, old, { views }) =>
      problemsOfStatus(resource, facts, object, old, views.entryOf(old)),
    warnings: (object, old) => [
      ...(facts.deprecation === undefined ? [] : [facts.deprecation]),
      ...ratchetedWarnings(object),
      ...finalizerWarnings(object, old),
    ],
  }
}

function wish(object: Stored, facts: CustomFacts): Obj {
  const { metadata: _metadata, apiVersion: _apiVersion, ...rest } = object
  if (facts.hasStatus) delete rest.status
  return rest
}
