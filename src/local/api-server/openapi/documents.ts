/** The OpenAPI documents: version 3 by group version, version 2 in one piece. Made when asked for, never kept. */
import { createHash } from 'node:crypto'
import type { Obj } from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { json } from '../answer.ts'
import { serverVersion } from '../discovery.ts'
import type { Machine } from '../machine.ts'
import { apiVersionOf, type Resource } from '../resource.ts'
import { notAcceptable } from '../status.ts'
import { binaryDocument } from './binary.ts'
import { definitionsFor } from './definitions.ts'
import { pathsOf, type Style } from './paths.ts'

const info = { title: 'Kubernetes', version: serverVersion.gitVersion }

/** The answer to `/openapi/…`, or undefined for a document that there is none of. */
export function openApi(
  machine: Machine,
  which: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): HttpResponse | undefined {
  if (path === '/openapi/v2' && binaryType.test(headers.accept ?? '')) {
    const type = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
    return binary(type, binaryDocument(versionTwo(machine)))
  }
  if (!accepts(headers.accept)) throw notAcceptable(['application/json'])
  if (which === 'v2') return path === '/openapi/v2' ? json(200, versionTwo(machine)) : undefined
  if (which !== 'v3') return undefined
  const rest = path.slice('/openapi/v3'.length).replace(/^\//, '')
  if (rest === '') return json(200, { paths: index(machine) })
  const apiVersion = rest === 'api/v1' ? 'v1' : rest.replace(/^apis\//, '')
  const resources = machine.registry.inVersion(apiVersion)
  return resources.length === 0 ? undefined : json(200, versionThree(resources))
}

const binaryType = /^\s*application\/com\.github\.proto-openapi\.spec\.v2[.@]v1\.0\+protobuf/

function binary(type: string, bytes: Uint8Array): HttpResponse {
  return { status: 200, headers: { 'content-type': type }, body: once(bytes) }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function accepts(accept: string | undefined): boolean {
  if (accept === undefined || accept === '') return true
  return accept
    .split(',')
    .some((type) => /^\s*(application\/json|application\/\*|\*\/\*)\s*(;|$)/.test(type))
}

function index(machine: Machine): Obj {
  const versions = [...new Set(machine.registry.all().map(apiVersionOf))]
  return Object.fromEntries(
    versions.map((apiVersion) => {
      const name = apiVersion === 'v1' ? 'api/v1' : `apis/${apiVersion}`
      const hash = hashOf(machine.registry.inVersion(apiVersion))
      return [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }]
    }),
  )
}

/** Built-in kinds never change; custom ones do so together with their schema. */
function hashOf(resources: readonly Resource[]): string {
  const parts = resources.map(({ custom, schema, ...rest }) =>
    custom === undefined ? rest.kind : JSON.stringify([rest, custom, schema]),
  )
  const text = `${serverVersion.gitVersion} ${parts.join(' ')}`
  return createHash('sha256').update(text).digest('hex').slice(0, 32).toUpperCase()
}

const threes: Style = {
  answer: (definition) => ({
    description: 'OK',
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${definition}` } } },
  }),
  body: (definition, types) => ({
    required: true,
    content: Object.fromEntries(
      types.map((type) => [type, { schema: { $ref: `#/components/schemas/${definition}` } }]),
    ),
  }),
  parameter: (name, type, place) => ({
    name,
    in: place,
    ...(place === 'path' ? { required: true } : {}),
    schema: { type, uniqueItems: true },
  }),
}

function versionThree(resources: readonly Resource[]): Obj {
  const paths = Object.assign({}, ...resources.map((resource) => pathsOf(resource, threes)))
  const schemas = definitionsFor(resources, { prefix: '#/components/schemas/', wraps: true })
  return { openapi: '3.0.0', info, paths, components: { schemas } }
}

const twos: Style = {
  answer: (definition) => ({ description: 'OK', schema: { $ref: `#/definitions/${definition}` } }),
  body: (definition) => ({
    name: 'body',
    in: 'body',
    required: true,
    schema: { $ref: `#/definitions/${definition}` },
  }),
  parameter: (name, type, place) => ({
    name,
    in: place,
    type,
    uniqueItems: true,
    ...(place === 'path' ? { required: true } : {}),
  }),
}

function versionTwo(machine: Machine): Obj {
  const resources = machine.registry.all()
  const paths = Object.assign({}, ...resources.map((resource) => pathsOf(resource, twos)))
  const definitions = definitionsFor(resources, { prefix: '#/definitions/', wraps: false })
  return { swagger: '2.0', info, paths, definitions }
}
