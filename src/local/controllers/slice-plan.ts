/**
 * How a Service's endpoints are spread over EndpointSlices: pure. What stands in a slice stays there, so that a change
 * of one pod is a change of one slice.
 */
import { semanticEqual } from './equality.ts'
import type { Backend } from './service-endpoints.ts'
import type { EndpointSlice, SliceEndpoint, SlicePort } from './shapes.ts'

export type SliceContent = {
  readonly ports: readonly SlicePort[]
  readonly endpoints: readonly SliceEndpoint[]
}

export type SlicePlan = {
  readonly create: readonly SliceContent[]
  readonly update: readonly { readonly slice: EndpointSlice; readonly content: SliceContent }[]
  readonly remove: readonly EndpointSlice[]
}

const mostEndpoints = 100

/** A Service without any endpoint keeps one empty slice, so that readers can tell "none" from "not yet". */
export function planSlices(
  backends: readonly Backend[],
  existing: readonly EndpointSlice[],
): SlicePlan {
  const groups = new Map<string, { ports: readonly SlicePort[]; endpoints: SliceEndpoint[] }>()
  for (const { ports, endpoint } of backends) {
    const id = JSON.stringify(ports)
    const group = groups.get(id)
    if (group === undefined) groups.set(id, { ports, endpoints: [endpoint] })
    else group.endpoints.push(endpoint)
  }
  if (groups.size === 0) groups.set('[]', { ports: [], endpoints: [] })

  const plan = { create: [] as SliceContent[], update: [] as SlicePlan['update'][number][] }
  const unused = new Set(existing)
  for (const { ports, endpoints } of groups.values()) {
    const own = existing.filter((slice) => semanticEqual(slice.ports ?? [], ports))
    for (const slice of own) unused.delete(slice)
    for (const slice of spread(ports, endpoints, own, plan)) unused.add(slice)
  }
  return recycled({ ...plan, remove: [...unused] })
}

// A slice that would be deleted while another is made becomes that other: one write, and never a moment without.
function recycled({ create, update, remove }: SlicePlan): SlicePlan {
  const count = Math.min(create.length, remove.length)
  const turned = create.slice(0, count).flatMap((content, index) => {
    const slice = remove[index]
    return slice === undefined ? [] : [{ slice, content }]
  })
  return {
    create: create.slice(count),
    update: [...update, ...turned],
    remove: remove.slice(count),
  }
}

/** Returns the slices that end up empty. */
function spread(
  ports: readonly SlicePort[],
  endpoints: readonly SliceEndpoint[],
  own: readonly EndpointSlice[],
  plan: { create: SliceContent[]; update: SlicePlan['update'][number][] },
): readonly EndpointSlice[] {
  const wanted = new Map(endpoints.map((endpoint) => [identity(endpoint), endpoint]))
  const drafts = own.map((slice) => ({
    slice,
    endpoints: (slice.endpoints ?? []).flatMap((endpoint) => {
      const id = identity(endpoint)
      const now = wanted.get(id)
      wanted.delete(id)
      return now === undefined ? [] : [now]
    }),
  }))
  const homeless = [...wanted.values()]
  for (const draft of drafts) {
    draft.endpoints.push(...homeless.splice(0, mostEndpoints - draft.endpoints.length))
  }
  while (homeless.length > 0) {
    plan.create.push({ ports, endpoints: homeless.splice(0, mostEndpoints) })
  }
  if (endpoints.length === 0 && own.length === 0) plan.create.push({ ports, endpoints: [] })
  const keep = endpoints.length === 0 ? drafts[0] : undefined
  const empty: EndpointSlice[] = []
  for (const draft of drafts) {
    if (draft.endpoints.length === 0 && draft !== keep) empty.push(draft.slice)
    else if (!semanticEqual(draft.slice.endpoints, draft.endpoints))
      plan.update.push({ slice: draft.slice, content: { ports, endpoints: draft.endpoints } })
  }
  return empty
}

// The address alone is not enough: a released address may already belong to another pod.
function identity({ addresses, targetRef }: SliceEndpoint): string {
  return `${addresses.join(',')} ${targetRef?.uid ?? ''}`
}
