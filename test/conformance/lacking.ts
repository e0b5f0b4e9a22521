/** What the local API server does not do, each with how it says so. Everything else is as on a real one. */

export type Lacking = {
  /** A sentence for people. */
  readonly what: string
  /** Cases that show it, by the beginning of their id. */
  readonly cases: readonly string[]
  /** Where the answer says so: every such case has it in one of its answers. */
  readonly says: string
}

const notFound = '404 page not found'
const noSuchKind = 'the server could not find the requested resource'

export const lacking: readonly Lacking[] = [
  {
    what: 'storage classes and the other kinds of storage.k8s.io',
    cases: ['StorageClass/', 'discovery/storage.k8s.io v1'],
    says: notFound,
  },
  {
    what: 'aggregated API servers, certificate requests and runtime classes',
    cases: [
      'discovery/apiregistration.k8s.io v1',
      'discovery/certificates.k8s.io v1',
      'discovery/node.k8s.io v1',
    ],
    says: notFound,
  },
  {
    what: 'autoscaling/v1 as a version of its own',
    cases: ['discovery/autoscaling v1'],
    says: notFound,
  },
  {
    what: 'policies in the server (ValidatingAdmissionPolicy); webhooks of both kinds are there',
    cases: ['admission/a policy'],
    says: noSuchKind,
  },
  {
    what: 'addresses of Services as objects (IPAddress, ServiceCIDR), the health of components',
    cases: ['discovery/addresses of Services as objects', 'discovery/the health of components'],
    says: noSuchKind,
  },
  {
    what: 'bindings that name their pod themselves; those of a pod (`pods/NAME/binding`) are there',
    cases: ['discovery/bindings that name their pod'],
    says: noSuchKind,
  },
  {
    what: 'commands in pods (attach, exec, portforward), containers added to a pod, pods of another size',
    cases: [
      'discovery/commands in pods',
      'discovery/containers added to pods',
      'discovery/pods of another size',
    ],
    says: 'the local cluster does not offer to',
  },
]

export function lackingFor(id: string): Lacking | undefined {
  return lacking.find(({ cases }) => cases.some((beginning) => id.startsWith(beginning)))
}
