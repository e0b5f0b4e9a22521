/** Finds releases through all doors that the cluster serves. */
import { apiVersionOf, typed } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Door } from '#doors/door.ts'
import { doors } from '#doors/register.ts'
import type { Cluster, ObjectName } from '#kube/cluster.ts'
import { isKube, type KubeError } from '#kube/errors.ts'
import { type Entry, entryOf, fullName, lookupFor } from './entry.ts'
import { UsageError } from './errors.ts'
import { type AskedName, askedName, doorLabel, isMeant } from './name.ts'

/** A cluster, and the namespace of names that say none. */
export type Place = { readonly cluster: Cluster; readonly namespace: string }

export type Wanted = {
  /** Undefined for all. */
  readonly namespace: string | undefined
  readonly selector?: string | undefined
}

/** Every release there is, by namespace, then name. @throws KubeError; where no door is served, a UsageError. */
export async function listEntries(
  { cluster }: Pick<Place, 'cluster'>,
  wanted: Wanted,
): Promise<readonly Entry[]> {
  return entriesOf(cluster, await listObjects(cluster, wanted))
}

export type Found = readonly (readonly [Door, KubeObject])[]

async function entriesOf(cluster: Cluster, found: Found): Promise<readonly Entry[]> {
  const lookup = await lookupFor(cluster, found)
  return found
    .map(([door, object]) => entryOf(door, object, lookup))
    .toSorted(
      (one, other) =>
        one.namespace.localeCompare(other.namespace) ||
        one.name.localeCompare(other.name) ||
        one.door.localeCompare(other.door),
    )
}

async function listObjects(cluster: Cluster, { namespace, selector }: Wanted): Promise<Found> {
  const refused: KubeError[] = []
  const lists = await Promise.all(
    doors.map(async (door): Promise<Found | undefined> => {
      try {
        const { items } = await cluster.list(door.kind, {
          ...(namespace === undefined ? {} : { namespace }),
          ...(selector === undefined ? {} : { labelSelector: selector }),
        })
        return items.map((item) => [door, typed(door.kind, item)])
      } catch (error) {
        if (isKube(error, 'NotFound')) return undefined
        if (!isKube(error, 'Forbidden')) throw error
        refused.push(error)
        return undefined
      }
    }),
  )
  const served = lists.filter((list) => list !== undefined)
  if (served.length === 0) throw refused[0] ?? notInstalled()
  return served.flat()
}

function notInstalled(): Error {
  const known = doors.map(({ kind }) => `${kind.plural}.${kind.group}`).join(', ')
  return new Error(
    `the cluster knows none of the resources of Headgate (${known}); install their definitions, or try \`headgate local\``,
  )
}

/** The one release of this name. @throws UsageError when there is none, or several: then it lists them. */
export async function findEntry(place: Place, text: string): Promise<Entry> {
  const asked = askedName(text)
  const { cluster, namespace } = place
  const refused: KubeError[] = []
  const found = await Promise.all(
    doors
      .filter((door) => mayCarry(door, asked))
      .map((door) => named(cluster, door, { namespace, name: asked.name }, refused)),
  )
  const entries = await entriesOf(cluster, found.flat())
  const [only, ...others] = entries.filter((entry) => isMeant(asked, entry))
  if (only === undefined) throw refused[0] ?? (await nothingFound(place, text))
  if (others.length === 0) return only
  const names = [only, ...others].map(fullName).join(', ')
  throw new UsageError(`${text} is not clear in namespace ${namespace}; write one of ${names}`)
}

/** Doors without a resource of their own write Releases. */
function mayCarry(door: Door, { door: asked }: AskedName): boolean {
  return asked === undefined || door.name === asked || !doors.some(({ name }) => name === asked)
}

/** Who may read the resources of one door only is served by that one. */
async function named(
  cluster: Cluster,
  door: Door,
  at: ObjectName,
  refused: KubeError[],
): Promise<Found> {
  try {
    return [[door, await cluster.get(door.kind, at)]]
  } catch (error) {
    if (isKube(error, 'Forbidden')) refused.push(error)
    else if (!isKube(error, 'NotFound')) throw error
    return []
  }
}

const mostNamed = 10

async function nothingFound(place: Place, text: string): Promise<Error> {
  const { namespace } = place
  const here = (await listObjects(place.cluster, { namespace })).map(
    ([door, { metadata }]) => `${metadata.labels?.[doorLabel] ?? door.name}/${metadata.name}`,
  )
  const none = `there is no release ${text} in namespace ${namespace}`
  if (here.length === 0)
    return new UsageError(
      `${none}, nor any other; \`headgate get -A\` shows those of all namespaces`,
    )
  const more = here.length > mostNamed ? ' and others' : ''
  return new UsageError(`${none}; there are ${here.sort().slice(0, mostNamed).join(', ')}${more}`)
}

/** Those whose resources the cluster knows. */
export async function servedDoors(cluster: Cluster): Promise<readonly Door[]> {
  const known = await Promise.all(
    doors.map(async (door) => {
      const { status, body } = await cluster.raw({ path: `/apis/${apiVersionOf(door.kind)}` })
      if (status !== 200) return []
      const { resources = [] } = JSON.parse(body) as { resources?: readonly { name: string }[] }
      return resources.some(({ name }) => name === door.kind.plural) ? [door] : []
    }),
  )
  return known.flat()
}
