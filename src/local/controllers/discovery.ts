/** Which kinds an API server serves, and with which verbs; each once, in its preferred version where it has one. */
import type { Kind } from '#core/k8s/kinds.ts'
import type { Cluster } from '#kube/cluster.ts'
import { KubeError } from '#kube/errors.ts'

export type ServedKind = Kind & { readonly verbs: readonly string[] }

type Version = { readonly groupVersion: string; readonly version: string }
type Groups = {
  readonly groups?: readonly {
    readonly name: string
    readonly versions: readonly Version[]
    readonly preferredVersion?: Version
  }[]
}
type Resources = {
  readonly resources?: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
    readonly verbs: readonly string[]
  }[]
}

/**
 * A group version that cannot be read is left out and counted: whoever deletes by this list must not take it for whole.
 * @throws KubeError when the list of groups cannot be read.
 */
export async function discover(
  cluster: Cluster,
): Promise<{ readonly kinds: readonly ServedKind[]; readonly unread: number }> {
  const { groups = [] } = await read<Groups>(cluster, '/apis')
  const paths = [
    { path: '/api/v1', group: '', version: 'v1' },
    ...groups.flatMap(({ name, versions, preferredVersion }) =>
      [...versions]
        .sort((a, b) => rank(a, preferredVersion) - rank(b, preferredVersion))
        .map(({ version }) => ({ path: `/apis/${name}/${version}`, group: name, version })),
    ),
  ]
  const answers = await Promise.allSettled(
    paths.map(async (at) => ({ at, answer: await read<Resources>(cluster, at.path) })),
  )
  const found = new Map<string, ServedKind>()
  for (const result of answers) {
    if (result.status === 'rejected') continue
    const { at, answer } = result.value
    for (const { name, kind, namespaced, verbs } of answer.resources ?? []) {
      const id = `${at.group}/${name}`
      if (name.includes('/') || found.has(id)) continue
      const { group, version } = at
      found.set(id, { group, version, kind, plural: name, namespaced, verbs })
    }
  }
  const unread = answers.filter(({ status }) => status === 'rejected').length
  return { kinds: [...found.values()], unread }
}

function rank({ version }: Version, preferred: Version | undefined): number {
  return version === preferred?.version ? 0 : 1
}

async function read<T>(cluster: Cluster, path: string): Promise<T> {
  const answer = await cluster.raw({ path, headers: { accept: 'application/json' } })
  if (answer.status === 200) return JSON.parse(answer.body) as T
  const message = `discovery: GET ${path} was answered ${answer.status}`
  throw new KubeError({ reason: 'Unknown', code: answer.status, message })
}

/** Events go by time, not by owner. */
export function isCollectable({ plural, verbs }: ServedKind): boolean {
  return plural !== 'events' && ['list', 'watch', 'delete'].every((verb) => verbs.includes(verb))
}
