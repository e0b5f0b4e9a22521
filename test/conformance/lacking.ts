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
]

export function lackingFor(id: string): Lacking | undefined {
  return lacking.find(({ cases }) => cases.some((beginning) => id.startsWith(beginning)))
}
