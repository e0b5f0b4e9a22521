/** Whether somebody may do something, as the cluster's own rules say. */
import type { Cluster } from '#kube/cluster.ts'
import { remembered } from './remembered.ts'
import { postReview, type User } from './sign-in.ts'

/** What is to be done with which object; left out, any. */
export type Deed = {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
}

/** Rejects with CannotTell when the API server cannot be asked. */
export type May = (user: User, deed: Deed) => Promise<boolean>

/** So long a right that was taken away still counts. */
const holdsMs = 10_000

/** By SubjectAccessReview, so that roles and bindings of the cluster are the only rules. */
export function accessReviews(cluster: Pick<Cluster, 'raw' | 'ports'>): May {
  const ask = remembered<boolean>(cluster.ports.clock, () => holdsMs)
  return (user, deed) => {
    const { name, uid, groups, extra } = user
    const spec = {
      user: name,
      ...(uid === undefined ? {} : { uid }),
      groups,
      ...(extra === undefined ? {} : { extra }),
      resourceAttributes: deed,
    }
    return ask(JSON.stringify(spec), () => reviewed(cluster, spec))
  }
}

/** Whether we ourselves may, with the credentials that we have. */
export function ownAccessReviews(
  cluster: Pick<Cluster, 'raw' | 'ports'>,
): (deed: Deed) => Promise<boolean> {
  const ask = remembered<boolean>(cluster.ports.clock, () => holdsMs)
  return (resourceAttributes) =>
    ask(JSON.stringify(resourceAttributes), async () => {
      const { status } = await postReview<AccessReview>(cluster, {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        plural: 'selfsubjectaccessreviews',
        spec: { resourceAttributes },
      })
      return status?.allowed === true && status.denied !== true
    })
}

type AccessReview = { readonly status?: { readonly allowed?: boolean; readonly denied?: boolean } }

async function reviewed(cluster: Pick<Cluster, 'raw'>, spec: unknown): Promise<boolean> {
  const { status } = await postReview<AccessReview>(cluster, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    plural: 'subjectaccessreviews',
    spec,
  })
  return status?.allowed === true && status.denied !== true
}
