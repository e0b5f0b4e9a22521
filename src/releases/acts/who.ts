/** Who asks: as the API server knows them, and the name on this machine. It is a claim; see decisions. */
import { userInfo } from 'node:os'
import type { Cluster } from '#kube/cluster.ts'

const mostLetters = 128

/** `anna (kubernetes-admin)`, or either alone where the other is not known. */
export async function whoAsks(cluster: Cluster): Promise<string> {
  const here = localName()
  const there = await serverName(cluster)
  const both = [here, there].filter((name) => name !== undefined)
  const [first = 'somebody', second] = both
  return (second === undefined || second === first ? first : `${first} (${second})`).slice(
    0,
    mostLetters,
  )
}

/** Nobody in particular where the system has no name for this number. */
function localName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

async function serverName(cluster: Cluster): Promise<string | undefined> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const { status, body } = await cluster.raw({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(review),
  })
  if (status !== 201) return undefined
  const said = JSON.parse(body) as { status?: { userInfo?: { username?: string } } }
  return said.status?.userInfo?.username
}
