/** Which kinds are served right now: the built-in ones, and those that custom resource definitions add and take away. */
import { builtinResources } from './builtin/kinds.ts'
import { apiVersionOf, type Resource } from './resource.ts'

export type GroupVersions = { readonly group: string; readonly versions: readonly string[] }

export type Registry = ReturnType<typeof createRegistry>

/** Custom kinds by the name of their definition, so that a definition can be replaced as a whole. */
export type CustomKinds = ReadonlyMap<string, readonly Resource[]>

/** @param given Custom kinds that are served from the beginning. */
export function createRegistry(given: CustomKinds = new Map()) {
  const byPath = new Map<string, Resource>()
  const custom = new Map<string, readonly Resource[]>()
  let generation = 0

  const pathOf = (resource: Resource): string => `${apiVersionOf(resource)}/${resource.plural}`
  for (const resource of builtinResources()) byPath.set(pathOf(resource), resource)

  const setCustom = (definition: string, resources: readonly Resource[]): void => {
    for (const old of custom.get(definition) ?? []) byPath.delete(pathOf(old))
    if (resources.length === 0) custom.delete(definition)
    else custom.set(definition, resources)
    for (const resource of resources) byPath.set(pathOf(resource), resource)
    generation += 1
  }
  for (const [definition, resources] of given) setCustom(definition, resources)

  return {
    setCustom,
    custom: (): CustomKinds => custom,
    find: (apiVersion: string, plural: string): Resource | undefined =>
      byPath.get(`${apiVersion}/${plural}`),
    byKind: (apiVersion: string, kind: string): Resource | undefined =>
      [...byPath.values()].find((r) => r.kind === kind && apiVersionOf(r) === apiVersion),
    all: (): readonly Resource[] => [...byPath.values()],
    customOf: (definition: string): readonly Resource[] => custom.get(definition) ?? [],
    /** Grows with every change of the custom kinds; for whoever caches what it read here. */
    generation: () => generation,
    /** The kinds of one group version, in discovery's order. */
    inVersion: (apiVersion: string): readonly Resource[] =>
      [...byPath.values()].filter((r) => apiVersionOf(r) === apiVersion),
    groups: (): readonly GroupVersions[] => groupsOf([...byPath.values()]),
  }
}

function groupsOf(resources: readonly Resource[]): GroupVersions[] {
  const groups = new Map<string, Set<string>>()
  for (const { group, version } of resources) {
    if (group === '') continue
    const versions = groups.get(group) ?? new Set()
    groups.set(group, versions.add(version))
  }
  return [...groups].map(([group, versions]) => ({
    group,
    versions: [...versions].sort(byVersionPriority),
  }))
}

/** v2 before v1 before v1beta2 before v1alpha1 before anything else, as Kubernetes orders versions. */
function byVersionPriority(a: string, b: string): number {
  const [x, y] = [priority(a), priority(b)]
  for (let index = 0; index < 3; index += 1) {
    const difference = (y[index] as number) - (x[index] as number)
    if (difference !== 0) return difference
  }
  return a < b ? -1 : 1
}

function priority(version: string): readonly number[] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (match === null) return [0, 0, 0]
  const stage = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1
  return [stage, Number(match[1]), Number(match[3] ?? 0)]
}
