/** What a conformance case is: a few requests as data, and short ways to write them. */

export type Json = { readonly [key: string]: unknown }

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * One request. In all texts `$ns` stands for the case's own namespace, `$id` for a name of its own across the cluster,
 * `$hook` and `$ca` for the webhook server and its authority, and `<name.path.to.value>` for a value of an earlier
 * answer that was saved under that name.
 */
export type Step = {
  readonly method: Method
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Keeps the answer's body under this name. */
  readonly save?: string
  /** Only these members of the answer's body are compared. */
  readonly pick?: readonly string[]
  /** Of a list in discovery, entries of these names are left out: they are cases of their own. */
  readonly omit?: readonly string[]
  /** A watch: reads so many events, then closes it. */
  readonly take?: number
  /** Repeats the request until it is answered like this; what it says is not compared. */
  readonly until?: { readonly status: number; readonly says?: string }
  /** Which token it is sent with: the admin's by default. */
  readonly token?: 'none' | 'wrong'
}

export type Case = {
  /** `area/sentence`, unique. */
  readonly id: string
  readonly steps: readonly Step[]
}

type Extra = Omit<Step, 'method' | 'path' | 'body'>

const typed = (type: string, extra: Extra): Extra => ({
  ...extra,
  headers: { 'content-type': type, ...extra.headers },
})

export const get = (path: string, extra: Extra = {}): Step => ({ method: 'GET', path, ...extra })

export const post = (path: string, body: unknown, extra: Extra = {}): Step => ({
  method: 'POST',
  path,
  body,
  ...extra,
})

export const put = (path: string, body: unknown, extra: Extra = {}): Step => ({
  method: 'PUT',
  path,
  body,
  ...extra,
})

export const remove = (path: string, body?: unknown, extra: Extra = {}): Step => ({
  method: 'DELETE',
  path,
  ...(body === undefined ? {} : { body }),
  ...extra,
})

export const patch = (path: string, type: string, body: unknown, extra: Extra = {}): Step => ({
  method: 'PATCH',
  path,
  body,
  ...typed(`application/${type}`, extra),
})

export const merge = (path: string, body: unknown, extra?: Extra): Step =>
  patch(path, 'merge-patch+json', body, extra)

export const jsonPatch = (path: string, body: unknown, extra?: Extra): Step =>
  patch(path, 'json-patch+json', body, extra)

export const strategic = (path: string, body: unknown, extra?: Extra): Step =>
  patch(path, 'strategic-merge-patch+json', body, extra)

export const apply = (path: string, manager: string, body: unknown, extra?: Extra): Step =>
  patch(
    `${path}${path.includes('?') ? '&' : '?'}fieldManager=${manager}`,
    'apply-patch+yaml',
    body,
    extra,
  )

export const force = (path: string, manager: string, body: unknown, extra?: Extra): Step =>
  apply(`${path}?force=true`, manager, body, extra)

/** Reads `take` events; `path` with its query, without `watch`. */
export const watch = (path: string, take: number, extra: Extra = {}): Step => ({
  method: 'GET',
  path: `${path}${path.includes('?') ? '&' : '?'}watch=true&timeoutSeconds=10`,
  take,
  ...extra,
})

/** The same request again and again until it is answered with this status. */
export const until = (step: Step, status: number, says?: string): Step => ({
  ...step,
  until: { status, ...(says === undefined ? {} : { says }) },
})

/** The same request as somebody else. */
export const as = (user: string, step: Step, groups: readonly string[] = []): Step => ({
  ...step,
  headers: {
    ...step.headers,
    'impersonate-user': user,
    ...(groups.length === 0 ? {} : { 'impersonate-group': groups.join(',') }),
  },
})

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

export const asTable = (step: Step): Step => ({ ...step, headers: { accept: table } })

/** Cases of one area from sentences to steps. */
export function cases(area: string, table: Readonly<Record<string, readonly Step[]>>): Case[] {
  return Object.entries(table).map(([sentence, steps]) => ({ id: `${area}/${sentence}`, steps }))
}

/** Collection paths of the kinds that many cases use. */
export const paths = {
  configMaps: '/api/v1/namespaces/$ns/configmaps',
  secrets: '/api/v1/namespaces/$ns/secrets',
  pods: '/api/v1/namespaces/$ns/pods',
  services: '/api/v1/namespaces/$ns/services',
  serviceAccounts: '/api/v1/namespaces/$ns/serviceaccounts',
  deployments: '/apis/apps/v1/namespaces/$ns/deployments',
  replicaSets: '/apis/apps/v1/namespaces/$ns/replicasets',
  definitions: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  roles: '/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/roles',
  roleBindings: '/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/rolebindings',
} as const

export const configMap = (name: string, data: Json = {}, metadata: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})

const podSpec = (image = 'app:1'): Json => ({ containers: [{ name: 'app', image }] })

export const pod = (name: string, spec: Json = {}, metadata: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { ...podSpec(), ...spec },
})

export const deployment = (name = 'web', spec: Json = {}, metadata: Json = {}): Json => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, ...metadata },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: podSpec() },
    ...spec,
  },
})
