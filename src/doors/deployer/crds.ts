/** CustomResourceDefinitions of the records. What the API wrote is checked by us; the server keeps the shape. */
import { count, list, name, object, oneOf, type Schema, text } from '#core/api/schema-parts.ts'
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { deploymentKind, descriptorKind, group, logKind, stages, statuses } from './kinds.ts'
import { chunkBytes } from './log-lines.ts'

const time: Schema = { type: 'string', format: 'date-time' }
const descriptor: Schema = {
  type: 'object',
  description: 'As the API answers it; without passwords.',
  'x-kubernetes-preserve-unknown-fields': true,
}

const descriptorSpec = object(
  { appName: name('The application.'), created: time, lastModified: time, descriptor },
  { required: ['appName', 'created', 'lastModified', 'descriptor'] },
)

const deploymentSpec = object(
  {
    appName: name('The application.'),
    created: time,
    descriptor,
    undeploy: object(
      { at: time, deleteRecord: { type: 'boolean' } },
      { required: ['at', 'deleteRecord'], description: 'Somebody asked for its end.' },
    ),
  },
  { required: ['appName', 'created', 'descriptor'] },
)

const deploymentStatus = object(
  {
    status: oneOf(statuses, 'Where it stands.', undefined),
    version: text('What it is called.'),
    lastModified: time,
    stage: oneOf(stages, 'How far the work on it came.', undefined),
    since: time,
    failure: text('Why it fails.', { maxLength: 4096 }),
    health: list(object({ podName: { type: 'string' }, value: { type: 'string' } }, {}), {
      description: 'What the pods answered when they were asked for their health.',
    }),
  },
  { required: ['status', 'lastModified'] },
)

const logSpec = object(
  {
    deployment: text('The deployment that it is of.'),
    index: count('Orders the parts.', 0),
    lines: list({ type: 'string', maxLength: chunkBytes }),
  },
  { required: ['deployment', 'index', 'lines'] },
)

const column = (title: string, type: string, jsonPath: string): Schema => ({
  name: title,
  type,
  jsonPath,
})

const age = column('Age', 'date', '.metadata.creationTimestamp')

type More = { readonly status?: Schema; readonly columns: readonly Schema[] }

function crd({ kind, plural, version }: Kind, spec: Schema, more: More): KubeObject {
  const made = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        categories: ['headgate-records'],
      },
      versions: [{ name: version, served: true, storage: true, ...versionOf(spec, more) }],
    },
  }
  return made as KubeObject
}

function versionOf(spec: Schema, { status, columns }: More): Schema {
  const properties = {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec,
    ...(status === undefined ? {} : { status }),
  }
  return {
    schema: { openAPIV3Schema: object(properties, { required: ['spec'] }) },
    ...(status === undefined ? {} : { subresources: { status: {} } }),
    additionalPrinterColumns: columns,
  }
}

const app = column('App', 'string', '.spec.appName')

export const deployerCrds: readonly KubeObject[] = [
  crd(descriptorKind, descriptorSpec, { columns: [app, age] }),
  crd(deploymentKind, deploymentSpec, {
    status: deploymentStatus,
    columns: [
      app,
      column('Version', 'string', '.status.version'),
      column('Status', 'string', '.status.status'),
      age,
    ],
  }),
  crd(logKind, logSpec, {
    columns: [column('Deployment', 'string', '.spec.deployment'), age],
  }),
]
