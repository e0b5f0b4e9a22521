/**
 * Application descriptors: every field of the original by its own spelling (A07–A19), what is filled in, and what is
 * wrong with one, all problems together.
 */
import type { PodTemplate } from '#core/k8s/workloads.ts'
import { isObject } from '#core/schema/json.ts'
import { fields, type Shape } from './descriptor-fields.ts'
import { plainName } from './names.ts'

export type PodSpec = PodTemplate['spec']

export type Descriptor = {
  readonly id?: string
  readonly namespace: string
  readonly appName: string
  readonly newVersion: string
  readonly created?: string
  readonly lastModified?: string
  readonly webhooks?: readonly { readonly key: string; readonly description?: string }[]
  readonly deploymentType: string
  readonly replicas: number
  readonly frontend?: string
  readonly redirectWww?: boolean
  readonly useCompression?: boolean
  readonly additionHttpHeaders?: readonly { readonly Header: string; readonly Value: string }[]
  readonly useHealthCheck?: boolean
  readonly healthCheckPort?: number
  readonly healthCheckPath?: string
  readonly healthCheckType?: string
  readonly ignoreHealthCheck?: boolean
  readonly imagePullSecrets?: readonly { readonly name: string }[]
  readonly useStickySessions?: boolean
  readonly tlsSecretName?: string
  readonly email?: string
  readonly useExternalHealthCheck?: boolean
  readonly externalHealthCheckPath?: string
  readonly readinessPort?: number
  readonly podspec: PodSpec
}

export type Reading =
  | {
      readonly kind: 'descriptor'
      readonly descriptor: Descriptor
      /** Kept apart at once: it is never part of a descriptor again. */
      readonly password: string | undefined
    }
  | { readonly kind: 'problems'; readonly problems: readonly string[] }

export type Limits = {
  /** Characters of `appName-version`; `#` counts as three. */
  readonly nameLimit: number
}

/** Reads the JSON of a descriptor. Fields that nobody knows are left out; letters' case in field names does not count. */
export function readDescriptor(value: unknown, limits: Limits): Reading {
  if (!isObject(value))
    return { kind: 'problems', problems: ['the descriptor is not a JSON object'] }
  const given = known(value)
  const shapes = shapeProblems(given)
  if (shapes.length > 0) return { kind: 'problems', problems: shapes }
  const { password, ...rest } = given as Partial<Descriptor> & { readonly password?: string }
  const descriptor = withDefaults(rest)
  const problems = problemsOf(descriptor, limits)
  return problems.length > 0
    ? { kind: 'problems', problems }
    : { kind: 'descriptor', descriptor, password }
}

const byLowerName: ReadonlyMap<string, string> = new Map(
  Object.keys(fields).map((name) => [name.toLowerCase(), name]),
)

function known(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const found = Object.entries(value).flatMap(([key, member]) => {
    const name = byLowerName.get(key.toLowerCase())
    // Null is as good as absent, as it was to the original.
    return name === undefined || member === null ? [] : [[name, member] as const]
  })
  return Object.fromEntries(found)
}

function shapeProblems(given: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const shape = fields[name]
    return shape === undefined || fits(shape, value) ? [] : [`${name} must be ${shape.said}`]
  })
}

function fits({ is }: Shape, value: unknown): boolean {
  return is(value)
}

/** A10, A17: what is not said is filled in. */
function withDefaults(given: Partial<Descriptor>): Descriptor {
  const { appName, replicas = 1 } = given
  return {
    ...given,
    namespace: given.namespace ?? 'default',
    appName: plainName(appName ?? ''),
    newVersion: given.newVersion ?? '',
    deploymentType: orElse(given.deploymentType, 'blue-green'),
    replicas: Math.max(1, replicas),
    podspec: given.podspec ?? { containers: [] },
  }
}

function orElse(text: string | undefined, other: string): string {
  return text === undefined || text === '' ? other : text
}

const label = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const host = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

function problemsOf(descriptor: Descriptor, { nameLimit }: Limits): readonly string[] {
  const { appName, newVersion, namespace, deploymentType, frontend, healthCheckType } = descriptor
  const found: string[] = []
  const check = (isFine: boolean, problem: string): void => {
    if (!isFine) found.push(problem)
  }
  check(
    deploymentType === 'blue-green',
    `deploymentType ${deploymentType} is unknown; write blue-green`,
  )
  check(appName !== '', 'appName is missing')
  check(namespace !== '', 'namespace is missing')
  check(
    appName === '' || label.test(appName),
    'appName must begin with a letter, with letters, digits and dashes after it',
  )
  check(newVersion !== '', 'newVersion is missing; write # for a number of its own')
  const version = newVersion === '#' ? '###' : plainName(newVersion)
  check(
    newVersion === '' || newVersion === '#' || /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(version),
    'newVersion must be # or consist of letters, digits, dots, dashes and underscores',
  )
  check(
    `${appName}-${version}`.length <= nameLimit,
    `${appName}-${newVersion} is longer than ${nameLimit} characters`,
  )
  check(
    frontend === undefined || frontend === '' || host.test(frontend),
    'frontend must be a host name without protocol, such as example.com',
  )
  check(
    healthCheckType === undefined || ['', 'probe', 'simple'].includes(healthCheckType),
    'healthCheckType must be probe or simple',
  )
  check(
    isPath(descriptor.healthCheckPath ?? ''),
    'healthCheckPath must be a path such as health or /status/health',
  )
  return [...found, ...headerProblems(descriptor), ...containerProblems(descriptor)]
}

/** Nothing that leads out of the pod that is asked. */
function isPath(text: string): boolean {
  const [path = ''] = text.split('?')
  const plain = /^[!-~]*$/.test(text) && !/[#\\]/.test(text) && !text.startsWith('//')
  return plain && !/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(path)
}

const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** Weakness 9: what could end a header or an answer never becomes one. */
function headerProblems({ additionHttpHeaders = [] }: Descriptor): readonly string[] {
  return additionHttpHeaders.flatMap(({ Header, Value }) => [
    ...(token.test(Header) ? [] : [`${JSON.stringify(Header)} is no name of a header`]),
    ...(/^[\t\x20-\x7e]*$/.test(Value)
      ? []
      : [`the value of the header ${Header} has characters that no header may have`]),
  ])
}

function containerProblems({ podspec }: Descriptor): readonly string[] {
  const containers: readonly unknown[] = Array.isArray(podspec.containers) ? podspec.containers : []
  if (containers.length === 0) return ['podspec needs at least one container']
  return containers.flatMap((container, index) => {
    const { image, ports = [], env = [] } = isObject(container) ? container : {}
    const which = `container ${index + 1} of podspec`
    return [
      ...(typeof image === 'string' && image !== '' ? [] : [`${which} has no image`]),
      ...(arePorts(ports ?? []) ? [] : [`${which} has ports without a number in containerPort`]),
      ...(Array.isArray(env ?? []) ? [] : [`${which} has an env that is no list`]),
    ]
  })
}

function arePorts(ports: unknown): boolean {
  return (
    Array.isArray(ports) &&
    ports.every((port) => isObject(port) && Number.isInteger(port['containerPort']))
  )
}
