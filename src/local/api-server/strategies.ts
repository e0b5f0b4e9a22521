/** The strategy of every kind, custom ones included. */

import { base, withStatus } from './builtin/strategies/base.ts'
import { builtinStrategies } from './builtin/strategies/register.ts'
import { customStrategy } from './crd/strategy.ts'
import type { Resource } from './resource.ts'
import type { Strategy } from './strategy.ts'

const plainWithStatus = withStatus()
const custom = new WeakMap<Resource, Strategy>()

export function strategyOf(resource: Resource): Strategy {
  if (resource.custom !== undefined) {
    const known = custom.get(resource)
    if (known !== undefined) return known
    const made = customStrategy(resource, resource.custom)
    custom.set(resource, made)
    return made
  }
  const own = builtinStrategies[resource.storage]
  if (own !== undefined) return own
  return resource.subresources.some(({ name }) => name === 'status') ? plainWithStatus : base
}
