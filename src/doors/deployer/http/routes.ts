/** The table of routes: what the OpenAPI document says of each, and what its caller must be allowed to do. */
import type { HTTPMethods } from 'fastify'
import { fields } from '../descriptor-fields.ts'
import { statuses } from '../kinds.ts'
import type { Deed } from './access.ts'

export type RouteRow = {
  readonly id: string
  readonly method: HTTPMethods
  readonly url: string
  readonly deed: Omit<Deed, 'namespace'>
  readonly schema: Readonly<Record<string, unknown>>
}

const descriptor = {
  type: 'object',
  required: ['appName', 'newVersion', 'podspec'],
  properties: Object.fromEntries(
    Object.entries(fields).map(([name, { schema, about }]) => [
      name,
      { ...schema, description: about },
    ]),
  ),
}
const deployment = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    created: { type: 'string', format: 'date-time' },
    lastModified: { type: 'string', format: 'date-time' },
    version: { type: 'string' },
    status: { type: 'string', enum: [...statuses] },
    descriptor,
  },
}
const health = {
  type: 'array',
  items: {
    type: 'object',
    properties: { podName: { type: 'string' }, value: { type: 'string' } },
  },
}

/** Its own description, which says nothing of anybody: whoever asks may read it. */
export const docsRoutes = [
  { id: 'docs', method: 'GET', url: '/docs', access: 'anybody' },
  { id: 'document', method: 'GET', url: '/docs/openapi.json', access: 'anybody' },
] as const

type Parameters = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const namespace: Parameters = {
  namespace: { type: 'string', description: 'Namespace of the application.' },
}
const appname: Parameters = {
  appname: { type: 'string', description: 'Of this application alone.' },
}
const pages: Parameters = {
  pageSize: { type: 'integer', minimum: 1, description: 'At most so many; a Link leads on.' },
  after: { type: 'string', description: 'The page that follows this id.' },
}
const flag = (description: string, fallback: boolean): Readonly<Record<string, unknown>> => ({
  type: 'boolean',
  default: fallback,
  description,
})

const said: Readonly<Record<number, string>> = {
  200: 'as asked',
  201: 'created; Location leads to it',
  202: 'started; Location leads to it',
  204: 'done',
  400: 'it makes no sense, and why',
  401: 'not authenticated',
  403: 'no access to the namespace',
  404: 'not found',
  409: 'not in this state, and why',
  412: 'somebody changed it meanwhile',
}

function schema(
  summary: string,
  more: {
    readonly query?: Parameters
    readonly id?: boolean
    readonly body?: unknown
    readonly codes: readonly number[]
    readonly answer?: unknown
    readonly produces?: string
  },
): RouteRow['schema'] {
  const { query = {}, id = false, body, codes, answer, produces = 'application/json' } = more
  const answers = [...codes, 401, 403].map((code) => {
    const description = said[code] ?? ''
    return code === 200 && answer !== undefined
      ? [code, { description, content: { [produces]: { schema: answer } } }]
      : [code, { description, type: 'null' }]
  })
  return {
    summary,
    querystring: {
      type: 'object',
      required: ['namespace'],
      properties: { ...namespace, ...query },
    },
    ...(id ? { params: { type: 'object', properties: { id: { type: 'string' } } } } : {}),
    ...(body === undefined ? {} : { body }),
    response: Object.fromEntries(answers),
  }
}

const of = (verb: Deed['verb'], resource: Deed['resource']): RouteRow['deed'] => ({
  verb,
  resource,
})
const text = { type: 'string' }

export const routes: readonly RouteRow[] = [
  {
    id: 'createDescriptor',
    method: 'POST',
    url: '/descriptors',
    deed: of('create', 'descriptors'),
    schema: schema('Creates a descriptor; deploys nothing', {
      body: descriptor,
      codes: [201, 400],
    }),
  },
  {
    id: 'listDescriptors',
    method: 'GET',
    url: '/descriptors',
    deed: of('list', 'descriptors'),
    schema: schema('All descriptors', {
      query: { ...appname, ...pages },
      codes: [200],
      answer: { type: 'array', items: descriptor },
    }),
  },
  {
    id: 'deleteDescriptors',
    method: 'DELETE',
    url: '/descriptors',
    deed: of('delete', 'descriptors'),
    schema: schema('Deletes the descriptors of an application', {
      query: { ...appname, keepLatest: flag('Keeps the one that was modified last.', true) },
      codes: [204, 400],
    }),
  },
  {
    id: 'validateDescriptor',
    method: 'POST',
    url: '/descriptors/validate',
    deed: of('create', 'descriptors'),
    schema: schema('Says what is wrong with a descriptor', { body: descriptor, codes: [204, 400] }),
  },
  {
    id: 'getDescriptor',
    method: 'GET',
    url: '/descriptors/:id',
    deed: of('get', 'descriptors'),
    schema: schema('One descriptor', { id: true, codes: [200, 404], answer: descriptor }),
  },
  {
    id: 'updateDescriptor',
    method: 'PUT',
    url: '/descriptors/:id',
    deed: of('update', 'descriptors'),
    schema: schema('Changes a descriptor; deploys nothing', {
      id: true,
      body: descriptor,
      codes: [204, 400, 404, 412],
    }),
  },
  {
    id: 'deleteDescriptor',
    method: 'DELETE',
    url: '/descriptors/:id',
    deed: of('delete', 'descriptors'),
    schema: schema('Deletes a descriptor; undeploys nothing', { id: true, codes: [204, 404, 412] }),
  },
  {
    id: 'deploy',
    method: 'POST',
    url: '/deployments',
    deed: of('create', 'appdeployments'),
    schema: schema('Deploys a descriptor', {
      query: { descriptorId: { type: 'string', description: 'What to deploy.' } },
      codes: [202, 400, 404],
    }),
  },
  {
    id: 'listDeployments',
    method: 'GET',
    url: '/deployments',
    deed: of('list', 'appdeployments'),
    schema: schema('All deployments', {
      query: {
        ...appname,
        limit: { type: 'integer', minimum: 1, description: 'The newest of each application.' },
        ...pages,
      },
      codes: [200],
      answer: { type: 'array', items: deployment },
    }),
  },
  {
    id: 'undeployAll',
    method: 'DELETE',
    url: '/deployments',
    deed: of('delete', 'appdeployments'),
    schema: schema('Deletes the records of an application that are at their end', {
      query: { ...appname, undeploy: flag('Also undeploys what serves.', false) },
      codes: [202, 400],
    }),
  },
  {
    id: 'getDeployment',
    method: 'GET',
    url: '/deployments/:id',
    deed: of('get', 'appdeployments'),
    schema: schema('One deployment', { id: true, codes: [200, 404], answer: deployment }),
  },
  {
    id: 'redeploy',
    method: 'PUT',
    url: '/deployments/:id',
    deed: of('create', 'appdeployments'),
    schema: schema('Deploys the same descriptor once more', { id: true, codes: [202, 404, 409] }),
  },
  {
    id: 'undeploy',
    method: 'DELETE',
    url: '/deployments/:id',
    deed: of('delete', 'appdeployments'),
    schema: schema('Undeploys', {
      id: true,
      query: { deleteDeployment: flag('Also deletes the record.', false) },
      codes: [202, 404],
    }),
  },
  {
    id: 'getLogs',
    method: 'GET',
    url: '/deployments/:id/logs',
    deed: of('get', 'appdeployments'),
    schema: schema('The log so far', {
      id: true,
      codes: [200, 404],
      answer: text,
      produces: 'text/plain',
    }),
  },
  {
    id: 'getHealth',
    method: 'GET',
    url: '/deployments/:id/healthcheckdata',
    deed: of('get', 'appdeployments'),
    schema: schema('What the pods answered', { id: true, codes: [200, 404], answer: health }),
  },
  {
    id: 'streamLogs',
    method: 'GET',
    url: '/stream/deployments/:id/logs',
    deed: of('get', 'appdeployments'),
    schema: schema('The log as it grows: server-sent events, or a WebSocket', {
      id: true,
      codes: [200, 404],
      answer: text,
      produces: 'text/event-stream',
    }),
  },
]
