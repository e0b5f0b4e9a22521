/** The fields of a descriptor by the names that scripts write, odd as some are, and the shape of each. */
import { isObject } from '#core/schema/json.ts'

export type Shape = {
  /** `a text`, as in "appName must be a text". */
  readonly said: string
  readonly is: (value: unknown) => boolean
  /** For the OpenAPI document. */
  readonly schema: Readonly<Record<string, unknown>>
  readonly about: string
}

const text = (about: string, more: Readonly<Record<string, unknown>> = {}): Shape => ({
  said: 'a text',
  is: (value) => typeof value === 'string',
  schema: { type: 'string', ...more },
  about,
})
const yes = (about: string): Shape => ({
  said: 'true or false',
  is: (value) => typeof value === 'boolean',
  schema: { type: 'boolean' },
  about,
})
const port = (about: string): Shape => ({
  said: 'a port number',
  is: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535,
  schema: { type: 'integer', minimum: 0, maximum: 65_535 },
  about,
})
const listOf = (members: readonly string[], required: string, about: string): Shape => ({
  said: `a list of objects with ${members.join(' and ')} as texts`,
  is: (value) =>
    Array.isArray(value) &&
    value.length <= 100 &&
    value.every(
      (item) =>
        isObject(item) &&
        typeof item[required] === 'string' &&
        members.every((name) => item[name] === undefined || typeof item[name] === 'string'),
    ),
  schema: {
    type: 'array',
    items: {
      type: 'object',
      required: [required],
      properties: Object.fromEntries(members.map((name) => [name, { type: 'string' }])),
    },
  },
  about,
})
const headers: Shape = {
  ...listOf(['Header', 'Value'], 'Header', 'Headers that are set on every answer.'),
  is: (value) =>
    Array.isArray(value) &&
    value.length <= 100 &&
    value.every(
      (item) =>
        isObject(item) && typeof item['Header'] === 'string' && typeof item['Value'] === 'string',
    ),
}

export const fields: Readonly<Record<string, Shape>> = {
  id: text('Set by the deployer; absent when a descriptor is created.'),
  namespace: text('Namespace of the application.'),
  appName: text('Name of the application: a DNS label.'),
  newVersion: text('Version; # for a number that grows with each deployment.'),
  created: text('Set by the deployer, RFC 3339.'),
  lastModified: text('Set by the deployer, RFC 3339.'),
  webhooks: listOf(['key', 'description'], 'key', 'Kept for those who redeploy on a call.'),
  deploymentType: text('blue-green, the only one.', { default: 'blue-green' }),
  replicas: {
    said: 'a whole number',
    is: (value) => Number.isInteger(value) && Number(value) <= 10_000,
    schema: { type: 'integer', default: 1 },
    about: 'Number of pods.',
  },
  frontend: text('Public host, without protocol; absent, there is no Ingress.'),
  redirectWww: yes('www.HOST leads to HOST.'),
  useCompression: yes('Answers are compressed, where the provider can.'),
  additionHttpHeaders: headers,
  useHealthCheck: yes('Whether the application supports health checks.'),
  healthCheckPort: port('Port of the health check; 0 or absent, by the rules of the ports.'),
  healthCheckPath: text('Path of the health check; by default health.'),
  healthCheckType: text('probe (JSON with "healthy") or simple (any 2xx).'),
  ignoreHealthCheck: yes('The health check is not asked during deployments.'),
  imagePullSecrets: listOf(['name'], 'name', 'Secrets for private registries.'),
  useStickySessions: yes('A session stays with one pod, by a cookie.'),
  tlsSecretName: text('Secret with the certificate of the frontend.'),
  email: text('Kept, not used.'),
  password: text('Kept as a Secret; never answered.', { writeOnly: true }),
  useExternalHealthCheck: yes('Kept, not used.'),
  externalHealthCheckPath: text('Kept, not used.'),
  readinessPort: port('Kept, not used.'),
  podspec: {
    said: 'a PodSpec object',
    is: (value) => isObject(value) && Array.isArray(value['containers'] ?? []),
    schema: { type: 'object', additionalProperties: true },
    about: 'core/v1 PodSpec.',
  },
}
