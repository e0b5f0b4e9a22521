/** Kinds with little of their own: configuration, endpoints, bindings, leases and the rest. */
import { isIP } from 'node:net'
import { asArray, asObject, asString, child, clone, equal, objectsOf } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { pathSegmentName } from '../../names.ts'
import type { Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { base, withGeneration, withStatus } from './base.ts'
import { defaultPodSpec, fill } from './pod-defaults.ts'

const keyRule =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

function ruleFor(key: string): string {
  return key === '.' || key === '..' ? `must not be '${key}'` : keyRule
}

function keyProblems(object: Stored, fields: readonly string[]): Problem[] {
  return fields.flatMap((field) =>
    Object.keys(asObject(object[field]) ?? {})
      .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key) || key === '.' || key === '..')
      .map((key) => problem.invalid(`${field}[${key}]`, key, ruleFor(key))),
  )
}

function dataProblems(object: Stored): Problem[] {
  const plain = Object.keys(asObject(object.data) ?? {})
  const binary = new Set(Object.keys(asObject(object.binaryData) ?? {}))
  const twice = plain.filter((key) => binary.has(key))
  return [
    ...keyProblems(object, ['data', 'binaryData']),
    ...twice.map((key) =>
      problem.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'),
    ),
    ...sizeProblems(object),
  ]
}

const mostBytes = 1024 * 1024

function sizeProblems(object: Stored): Problem[] {
  const sizes = ['data', 'binaryData'].flatMap((field) =>
    Object.values(asObject(object[field]) ?? {}).map((value) =>
      field === 'data' ? Buffer.byteLength(String(value)) : Math.floor(String(value).length * 0.75),
    ),
  )
  const total = sizes.reduce((sum, size) => sum + size, 0)
  return total > mostBytes ? [problem.tooLong('[]', mostBytes)] : []
}

function frozenProblems(object: Stored, old: Stored, fields: readonly string[]): Problem[] {
  if (old.immutable !== true) return []
  const rule = 'field is immutable when `immutable` is set'
  const changed = fields.filter((field) => !equal(object[field], old[field]))
  return [
    ...(object.immutable === true ? [] : [problem.forbidden('immutable', rule)]),
    ...changed.map((field) => problem.forbidden(field, rule)),
  ]
}

export const configMapStrategy: Strategy = {
  ...base,
  validate: dataProblems,
  validateUpdate: (object, old) => [
    ...dataProblems(object),
    ...frozenProblems(object, old, ['data', 'binaryData']),
  ],
}

export const secretStrategy: Strategy = {
  ...base,
  defaults: (secret) => {
    fill(secret, 'type', 'Opaque')
    const plain = asObject(secret.stringData)
    if (plain === undefined) return
    const data = child(secret, 'data')
    for (const [key, value] of Object.entries(plain)) {
      data[key] = Buffer.from(String(value)).toString('base64')
    }
    delete secret.stringData
  },
  validate: (object) => [...keyProblems(object, ['data']), ...typeProblems(object)],
  validateUpdate: (object, old) => [
    ...(object.type === old.type
      ? []
      : [problem.invalid('type', object.type ?? '', 'field is immutable')]),
    ...keyProblems(object, ['data']),
    ...frozenProblems(object, old, ['data']),
  ],
}

/** Types of Kubernetes promise that certain keys are there. */
function typeProblems({ type, data }: Stored): Problem[] {
  const keys = type === 'kubernetes.io/tls' ? ['tls.crt', 'tls.key'] : []
  return keys
    .filter((key) => asObject(data)?.[key] === undefined)
    .map((key) => problem.required(`data[${key}]`))
}

const addressRule = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const loopbackRule = 'may not be in the loopback range (127.0.0.0/8, ::1/128)'

function addressProblems(address: string, field: string): Problem[] {
  const loopback = address.startsWith('127.') || address === '::1'
  return loopback ? [problem.invalid(field, address, loopbackRule)] : []
}

export const endpointSliceStrategy: Strategy = {
  ...withGeneration(base, ['addressType', 'endpoints', 'ports', 'labels']),
  defaults: (slice) => {
    for (const port of objectsOf(slice.ports)) {
      port.name ??= ''
      fill(port, 'protocol', 'TCP')
    }
  },
  validate: sliceProblems,
  validateUpdate: (slice, old) => [
    ...sliceProblems(slice),
    ...(slice.addressType === old.addressType
      ? []
      : [problem.invalid('addressType', slice.addressType ?? '', 'field is immutable')]),
  ],
}

function sliceProblems(slice: Stored): Problem[] {
  const types = ['IPv4', 'IPv6', 'FQDN']
  const type = asString(slice.addressType) ?? ''
  const problems: Problem[] = []
  if (type === '') problems.push(problem.required('addressType'))
  else if (!types.includes(type))
    problems.push(problem.unsupported('addressType', type, types.sort()))
  objectsOf(slice.endpoints).forEach((endpoint, index) => {
    const field = `endpoints[${index}].addresses`
    const addresses = asArray(endpoint.addresses).map(String)
    if (addresses.length === 0) {
      problems.push(problem.required(field, 'must contain at least 1 address'))
    }
    addresses.forEach((address, at) => {
      if (type !== 'FQDN' && isIP(address) === 0) {
        problems.push(problem.invalid(`${field}[${at}]`, address, addressRule))
      }
      problems.push(...addressProblems(address, `${field}[${at}]`))
    })
  })
  return problems
}

export const endpointsStrategy: Strategy = {
  ...base,
  createOnUpdate: true,
  defaults: (endpoints) => {
    for (const subset of objectsOf(endpoints.subsets)) {
      for (const port of objectsOf(subset.ports)) fill(port, 'protocol', 'TCP')
    }
  },
  validate: endpointsProblems,
  validateUpdate: endpointsProblems,
}

function endpointsProblems(endpoints: Stored): Problem[] {
  return objectsOf(endpoints.subsets).flatMap((subset, index) =>
    ['addresses', 'notReadyAddresses'].flatMap((list) =>
      objectsOf(subset[list]).flatMap(({ ip }, at) =>
        addressProblems(String(ip), `subsets[${index}].${list}[${at}].ip`),
      ),
    ),
  )
}

export const leaseStrategy: Strategy = {
  ...base,
  unconditionalUpdate: false,
  createOnUpdate: true,
  validate: leaseProblems,
  validateUpdate: leaseProblems,
}

function leaseProblems(lease: Stored): Problem[] {
  const spec = asObject(lease.spec) ?? {}
  const problems: Problem[] = []
  const duration = spec.leaseDurationSeconds
  if (typeof duration === 'number' && duration <= 0) {
    problems.push(problem.invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'))
  }
  const transitions = spec.leaseTransitions
  if (typeof transitions === 'number' && transitions < 0) {
    const rule = 'must be greater than or equal to 0'
    problems.push(problem.invalid('spec.leaseTransitions', transitions, rule))
  }
  return problems
}

export const eventStrategy: Strategy = { ...base, createOnUpdate: true, checkName: pathSegmentName }

export const autoscalerStrategy: Strategy = {
  ...withStatus(),
  defaults: (object) => {
    const spec = child(object, 'spec')
    fill(spec, 'minReplicas', 1)
    if (asArray(spec.metrics).length > 0) return
    const target = { type: 'Utilization', averageUtilization: 80 }
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }]
  },
}

export const templateStrategy: Strategy = {
  ...withGeneration(base, ['template']),
  returnsDeleted: true,
  defaults: (object) => defaultPodSpec(child(child(object, 'template'), 'spec')),
}

/** A range for containers: what is not asked for is what is the default, and that is at most the maximum. */
export const rangeStrategy: Strategy = {
  ...base,
  createOnUpdate: true,
  defaults: (object) => {
    for (const item of objectsOf(asObject(object.spec)?.limits)) {
      if (item.type !== 'Container') continue
      const limits = { ...asObject(item.max), ...asObject(item.default) }
      if (Object.keys(limits).length > 0) item.default = limits
      const requests = { ...asObject(item.min), ...limits, ...asObject(item.defaultRequest) }
      if (Object.keys(requests).length > 0) item.defaultRequest = requests
    }
  },
}

const nodes = withStatus()
const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/** Where nothing is set aside, all there is can be given out. */
function followCapacity(node: Stored): void {
  const status = asObject(node.status) ?? {}
  if (status.capacity !== undefined && status.allocatable === undefined) {
    status.allocatable = clone(status.capacity)
  }
}

/** A new node takes no pods until somebody takes the taint away. */
export const nodeStrategy: Strategy = {
  ...nodes,
  defaults: followCapacity,
  prepareCreate: (object, machine, dryRun) => {
    nodes.prepareCreate(object, machine, dryRun)
    const spec = child(object, 'spec')
    followCapacity(object)
    const taints = objectsOf(spec.taints)
    if (taints.every(({ key }) => key !== notReady.key)) spec.taints = [...taints, { ...notReady }]
  },
}

export const generationOnly: Strategy = withGeneration(base)
