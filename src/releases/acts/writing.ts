/** Writes a command onto a release: only onto the object that was looked at, and over nobody else's command. */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Door } from '#doors/door.ts'
import type { Cluster, ObjectName } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import { sleep } from '#kube/ports.ts'
import type { Entry } from '../entry.ts'
import { RefusedError, TimeoutError } from '../errors.ts'

/** How something is written. */
export type Writing = {
  /** Whose hand it is, as the object's managed fields tell. */
  readonly fieldManager: string
  /** The server checks it and stores nothing. */
  readonly dryRun?: boolean
}

/** How often it is looked whether the command of somebody else is taken off. */
const againMs = 100

/**
 * An object of the same name that came since is another one. A command that stands there and is not answered yet is not
 * written over: it is waited for, at most so long.
 * @throws RefusedError, TimeoutError, KubeError
 */
export async function writeCommand(
  cluster: Cluster,
  { resource, object, namespace, name }: Entry,
  annotations: Readonly<Record<string, string>>,
  writing: Writing & { readonly withinMs: number },
): Promise<void> {
  const { clock } = cluster.ports
  const until = clock.monotonic() + writing.withinMs
  let now: KubeObject = object
  for (;;) {
    const { uid, resourceVersion, annotations: standing = {} } = now.metadata
    if (uid !== object.metadata.uid)
      throw new RefusedError(
        `${resource.name}/${name} was deleted and made anew meanwhile; look at it again`,
      )
    const isFree = Object.keys(annotations).every((key) => standing[key] === undefined)
    const metadata = { resourceVersion, annotations }
    if (isFree && (await tried(cluster, resource, { namespace, name }, { metadata }, writing)))
      return
    if (clock.monotonic() > until)
      throw new TimeoutError(
        `${resource.name}/${name}: another command stands on it that no controller has answered yet (is it running?)`,
      )
    if (!isFree) await sleep(clock, againMs)
    now = await cluster.get(resource.kind, { namespace, name })
  }
}

/** False where the object changed meanwhile. */
async function tried(
  cluster: Cluster,
  { kind }: Door,
  at: ObjectName,
  body: object,
  { fieldManager, dryRun = false }: Writing,
): Promise<boolean> {
  try {
    await cluster.patch(kind, at, 'merge', body, { dryRun, fieldManager })
    return true
  } catch (error) {
    if (isKube(error, 'Conflict')) return false
    throw error
  }
}
