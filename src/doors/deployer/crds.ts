/** CustomResourceDefinitions of the records. What the API wrote is checked by us; the server keeps the shape. */
import { age, column, type Definition, definition } from '#core/api/definition.ts'
import { count, list, name, object, oneOf, type Schema, text } from '#core/api/schema-parts.ts'
import { deploymentKind, descriptorKind, logKind, stages, statuses } from './kinds.ts'
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

const app = column('App', 'string', '.spec.appName')
const names = { categories: ['headgate-records'] }

export const deployerCrds: readonly Definition[] = [
  definition(descriptorKind, { spec: descriptorSpec, columns: [app, age] }, names),
  definition(
    deploymentKind,
    {
      spec: deploymentSpec,
      status: deploymentStatus,
      columns: [
        app,
        column('Version', 'string', '.status.version'),
        column('Status', 'string', '.status.status'),
        age,
      ],
    },
    names,
  ),
  definition(
    logKind,
    { spec: logSpec, columns: [column('Deployment', 'string', '.spec.deployment'), age] },
    names,
  ),
]
