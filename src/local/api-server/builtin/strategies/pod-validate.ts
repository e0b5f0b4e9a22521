/** Whether a described pod is one: the rules people meet, in the words of a kube-apiserver. */
import {
  asArray,
  asNumber,
  asObject,
  asString,
  type Obj,
  objectsOf,
  type Value,
} from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { labelName, subdomainName } from '../../names.ts'
import { milliValue } from '../quantity.ts'

/** `spec` stands at `field`, e.g. `spec.template.spec`. */
export function podSpecProblems(spec: Obj, field: string): Problem[] {
  const problems: Problem[] = []
  const volumes = new Set<Value>()
  objectsOf(spec.volumes).forEach((volume, index) => {
    const at = `${field}.volumes[${index}]`
    problems.push(...nameProblems(volume.name, `${at}.name`, volumes))
    if (Object.keys(volume).length > 2) {
      problems.push(problem.forbidden(at, 'may not specify more than 1 volume type'))
    }
  })
  const names = new Set<Value>()
  if (asArray(spec.containers).length === 0) problems.push(problem.required(`${field}.containers`))
  for (const list of ['containers', 'initContainers']) {
    objectsOf(spec[list]).forEach((container, index) => {
      const at = `${field}.${list}[${index}]`
      problems.push(...containerProblems(container, at, names, volumes))
    })
  }
  problems.push(...oneOf(spec, 'restartPolicy', field, ['Always', 'OnFailure', 'Never']))
  problems.push(
    ...oneOf(spec, 'dnsPolicy', field, [
      'ClusterFirst',
      'ClusterFirstWithHostNet',
      'Default',
      'None',
    ]),
  )
  const grace = asNumber(spec.terminationGracePeriodSeconds)
  if (grace !== undefined && grace < 0) {
    problems.push(atLeastZero(`${field}.terminationGracePeriodSeconds`, grace))
  }
  for (const name of ['serviceAccountName', 'nodeName']) {
    const value = asString(spec[name]) ?? ''
    if (value === '') continue
    for (const text of subdomainName(value)) {
      problems.push(problem.invalid(`${field}.${name}`, value, text))
    }
  }
  return problems
}

export function atLeastZero(field: string, value: number): Problem {
  return problem.invalid(field, value, 'must be greater than or equal to 0')
}

function oneOf(object: Obj, name: string, field: string, allowed: readonly string[]): Problem[] {
  const value = asString(object[name]) ?? ''
  if (value === '') return [problem.required(`${field}.${name}`)]
  return allowed.includes(value)
    ? []
    : [problem.unsupported(`${field}.${name}`, value, [...allowed].sort())]
}

function nameProblems(value: Value | undefined, field: string, seen: Set<Value>): Problem[] {
  const name = asString(value) ?? ''
  if (name === '') return [problem.required(field)]
  const texts = labelName(name)
  if (texts.length > 0) return texts.map((text) => problem.invalid(field, name, text))
  if (seen.has(name)) return [problem.duplicate(field, name)]
  seen.add(name)
  return []
}

function containerProblems(
  container: Obj,
  field: string,
  names: Set<Value>,
  volumes: ReadonlySet<Value>,
): Problem[] {
  const problems = nameProblems(container.name, `${field}.name`, names)
  const image = asString(container.image) ?? ''
  if (image === '') problems.push(problem.required(`${field}.image`))
  else if (image.trim() !== image) {
    const rule = 'must not have leading or trailing whitespace'
    problems.push(problem.invalid(`${field}.image`, image, rule))
  }
  problems.push(...portProblems(objectsOf(container.ports), `${field}.ports`))
  objectsOf(container.env).forEach((variable, index) => {
    const at = `${field}.env[${index}]`
    if ((variable.name ?? '') === '') problems.push(problem.required(`${at}.name`))
    if (variable.valueFrom !== undefined && (variable.value ?? '') !== '') {
      const rule = 'may not be specified when `value` is not empty'
      problems.push(problem.invalid(`${at}.valueFrom`, '', rule))
    }
  })
  objectsOf(container.volumeMounts).forEach((mount, index) => {
    const at = `${field}.volumeMounts[${index}]`
    if ((mount.name ?? '') === '') problems.push(problem.required(`${at}.name`))
    else if (!volumes.has(mount.name ?? '')) {
      problems.push(problem.notFound(`${at}.name`, mount.name ?? ''))
    }
    if ((mount.mountPath ?? '') === '') problems.push(problem.required(`${at}.mountPath`))
  })
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = asObject(container[name])
    if (probe !== undefined) problems.push(...probeProblems(probe, `${field}.${name}`))
  }
  problems.push(
    ...oneOf(container, 'imagePullPolicy', field, ['Always', 'IfNotPresent', 'Never']),
    ...resourceProblems(asObject(container.resources) ?? {}, `${field}.resources`),
  )
  return problems
}

export const portRule = 'must be between 1 and 65535, inclusive'

function badPort(port: unknown): boolean {
  return typeof port !== 'number' || port < 1 || port > 65535
}

function portProblems(ports: readonly Obj[], field: string): Problem[] {
  const names = new Set<Value>()
  return ports.flatMap((port, index) => {
    const at = `${field}[${index}]`
    const problems: Problem[] = []
    const name = asString(port.name) ?? ''
    if (name !== '') {
      if (names.has(name)) problems.push(problem.duplicate(`${at}.name`, name))
      for (const text of portNameProblems(name)) {
        problems.push(problem.invalid(`${at}.name`, name, text))
      }
      names.add(name)
    }
    if ((port.containerPort ?? 0) === 0) problems.push(problem.required(`${at}.containerPort`))
    else if (badPort(port.containerPort)) {
      problems.push(problem.invalid(`${at}.containerPort`, port.containerPort ?? 0, portRule))
    }
    problems.push(...oneOf(port, 'protocol', at, ['TCP', 'UDP', 'SCTP']))
    return problems
  })
}

/** IANA service names: up to 15 of a-z, 0-9 and -. */
export function portNameProblems(name: string): string[] {
  const problems: string[] = []
  if (name.length > 15) problems.push('must be no more than 15 characters')
  if (!/^[a-z0-9-]+$/.test(name)) {
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  }
  if (!/[a-z]/.test(name)) problems.push('must contain at least one letter (a-z)')
  if (name.includes('--')) problems.push('must not contain consecutive hyphens')
  if (/^-|-$/.test(name)) problems.push('must not begin or end with a hyphen')
  return problems
}

function probeProblems(probe: Obj, field: string): Problem[] {
  const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc'].filter(
    (name) => probe[name] !== undefined,
  )
  if (handlers.length === 0) return [problem.required(field, 'must specify a handler type')]
  if (handlers.length > 1) {
    return [
      problem.forbidden(`${field}.${handlers[1]}`, 'may not specify more than 1 handler type'),
    ]
  }
  const counts = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ]
  const problems = counts.flatMap((name) => {
    const value = asNumber(probe[name]) ?? 0
    return value < 0 ? [atLeastZero(`${field}.${name}`, value)] : []
  })
  const port = asObject(probe[handlers[0] as string])?.port
  if (typeof port === 'number' && badPort(port)) {
    problems.push(problem.invalid(`${field}.${handlers[0]}.port`, port, portRule))
  }
  return problems
}

function resourceProblems(resources: Obj, field: string): Problem[] {
  const limits = asObject(resources.limits) ?? {}
  return Object.entries(asObject(resources.requests) ?? {}).flatMap(([name, value]) => {
    const limit = limits[name]
    if (limit === undefined) return []
    const [asked, most] = [milliValue(String(value)), milliValue(String(limit))]
    if (asked === undefined || most === undefined || asked <= most) return []
    const rule = `must be less than or equal to ${name} limit of ${String(limit)}`
    return [problem.invalid(`${field}.requests`, value, rule)]
  })
}
