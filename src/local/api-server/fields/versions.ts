/** What changed, as owners see it who know the object in another version: their fields have other names there. */

import { inForm } from '../crd/forms.ts'
import type { Call } from '../machine.ts'
import { apiVersionOf, type Resource, type Stored } from '../resource.ts'
import { type Comparison, compare } from './compare.ts'
import { filterOf } from './filter.ts'
import type { Managers } from './owners.ts'
import { ownershipSchema } from './ownership-schema.ts'

/** By apiVersion; undefined for a version that is defined no more, whose owners are forgotten. */
export type Elsewhere = ReadonlyMap<string, Comparison | undefined>

const nowhere: Elsewhere = new Map()

/** Waits only where a webhook has to translate the objects. Rejects with a 500 when it fails. */
export function changesElsewhere(
  call: Call,
  managers: Managers,
  before: Stored,
  after: Stored,
): Elsewhere | Promise<Elsewhere> {
  const { resource } = call
  const { custom } = resource
  if (custom === undefined) return nowhere
  const own = apiVersionOf(resource)
  const others = new Set([...managers.values()].map(({ apiVersion }) => apiVersion))
  others.delete(own)
  if (others.size === 0) return nowhere
  const forms = new Map([...custom.versions.values()].map((form) => [apiVersionOf(form), form]))
  if (custom.conversion.kind === 'none') {
    const gone = [...others].filter((version) => !forms.has(version))
    return new Map(gone.map((version) => [version, undefined]))
  }
  const found = [...others].map(async (version) => {
    const form = forms.get(version)
    const changes = form && (await changesIn(call, form, before, after))
    return [version, changes] as const
  })
  return Promise.all(found).then((entries) => new Map(entries))
}

async function changesIn(
  { machine, resource, subresource }: Call,
  form: Resource,
  before: Stored,
  after: Stored,
): Promise<Comparison> {
  const there = async (object: Stored): Promise<Stored> =>
    inForm(machine, structuredClone(object), resource, form)
  const [was, is] = await Promise.all([there(before), there(after)])
  const filter = filterOf(form, subresource)
  const { added, removed, modified } = compare(ownershipSchema(form), was, is)
  return { added: filter(added), removed: filter(removed), modified: filter(modified) }
}
