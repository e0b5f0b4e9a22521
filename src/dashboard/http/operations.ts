/** What the OpenAPI document says of each route: its parameters, its bodies and its answers. */
import type { RouteId } from '../table.ts'
import { paths, schemas } from './schemas.ts'

type Schema = Readonly<Record<string, unknown>>

/** Errors that an operation may end with, besides its success. */
const said: Readonly<Record<number, string>> = {
  400: 'it makes no sense, and why',
  401: 'nobody who is known asks',
  403: 'not allowed, and what is missing',
  404: 'there is no such thing',
  409: 'it is out of date or refused, and why',
  503: 'the cluster cannot be asked now',
}

function operation(
  summary: string,
  answer: Schema,
  errors: readonly number[] = [],
  more: Schema = {},
): Schema {
  const failures = errors.map((code) => [
    code,
    { description: said[code] ?? '', ...schemas.ApiError },
  ])
  return {
    summary,
    ...more,
    response: { 200: { description: 'as asked', ...answer }, ...Object.fromEntries(failures) },
  }
}

/** An answer that is no JSON of ours. */
function written(type: string, description: string, schema: Schema = { type: 'string' }): Schema {
  return { description, content: { [type]: { schema } } }
}

const bearer = { security: [{ bearer: [] }] }
const ofOne = { ...bearer, params: paths.release }
const ofAction = { ...bearer, params: paths.action }
const candidate = {
  type: 'object',
  properties: { candidate: { type: 'string', description: 'Where several are on trial.' } },
}
const closely = {
  type: 'object',
  properties: {
    door: { type: 'string', description: 'Of the one release whose detail is told, too.' },
    namespace: { type: 'string' },
    name: { type: 'string' },
  },
}

const again = {
  type: 'object',
  properties: {
    'last-event-id': {
      type: 'string',
      description:
        'The id of the event that was heard last: instead of all rows only what changed since is told.',
    },
  },
}

export const operations: Readonly<Record<RouteId, Schema>> = {
  page: operation('The page', written('text/html', 'HTML')),
  asset: operation('A file of the page', written('*/*', 'by its hashed name'), [], {
    params: paths.asset,
  }),
  me: operation('Who asks, and how to sign in', schemas.Me, [401, 503]),
  openapi: operation(
    'This document',
    written('application/json', 'OpenAPI 3.1', { type: 'object' }),
  ),
  exchange: operation(
    "Exchanges the issuer's code for a token; only where sign-in is by OIDC",
    schemas.OidcToken,
    [400, 401, 404, 503],
    { body: schemas.OidcExchange },
  ),
  list: operation('All releases that the caller may list', schemas.ReleaseRows, [401, 503], bearer),
  detail: operation(
    'One release with all that belongs to it',
    schemas.ReleaseDetail,
    [401, 403, 404, 503],
    ofOne,
  ),
  preview: operation(
    'What an action would do now, told by the engine itself; does nothing',
    schemas.ActionPreview,
    [400, 401, 403, 404, 409, 503],
    { ...ofAction, querystring: candidate },
  ),
  act: operation(
    'Acts on a release, bound to the revision and step that its author looked at',
    schemas.ActionAnswer,
    [400, 401, 403, 404, 409, 503],
    { ...ofAction, body: schemas.ActionRequest },
  ),
  stream: operation(
    'Server-sent events: rows at first, then changed, gone, detail and tick; the data of each is the member of StreamEvents by its name',
    written('text/event-stream', 'events until the caller ends it', schemas.StreamEvents),
    [401, 403, 404, 503],
    { ...bearer, querystring: closely, headers: again },
  ),
}
