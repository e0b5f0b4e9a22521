/** Kinds with little of their own: configuration, endpoints, bindings, leases and the rest. */
import { asArray, asObject, asString, at, child, equal, objectsOf } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { pathSegmentName } from '../../names.ts'
import type { Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { base, withGeneration, withStatus } from './base.ts'
import { fill } from './pod-defaults.ts'

const keyRule =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

function keyProblems(object: Stored, fields: readonly string[]): Problem[] {
  return fields.flatMap((field) =>
    Object.keys(asObject(object[field]) ?? {})
      .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key))
      .map((key) => problem.invalid(`${field}[${key}]`, key, keyRule)),
  )
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
  validate: (object) => keyProblems(object, ['data', 'binaryData']),
  validateUpdate: (object, old) => [
    ...keyProblems(object, ['data', 'binaryData']),
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
  validate: (object) => keyProblems(object, ['data']),
  validateUpdate: (object, old) => [
    ...(object.type === old.type
      ? []
      : [problem.invalid('type', object.type ?? '', 'field is immutable')]),
    ...keyProblems(object, ['data']),
    ...frozenProblems(object, old, ['data']),
  ],
}

const loopbackRule = 'may not be in the loopback range (127.0.0.0/8, ::1/128)'

function addressProblems(address: string, field: string): Problem[] {
  const loopback = address.startsWith('127.') || address === '::1'
  return loopback ? [problem.invalid(field, address, loopbackRule)] : []
}

export const endpointSliceStrategy: Strategy = {
  ...withGeneration(base, ['addressType', 'endpoints', 'ports']),
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
  warnings: () => ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
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

const rbacGroup = 'rbac.authorization.k8s.io'

export const bindingStrategy: Strategy = {
  ...base,
  createOnUpdate: true,
  checkName: pathSegmentName,
  defaults: (binding) => {
    const role = asObject(binding.roleRef)
    if (role !== undefined) fill(role, 'apiGroup', rbacGroup)
    for (const subject of objectsOf(binding.subjects)) {
      if (subject.kind === 'User' || subject.kind === 'Group') fill(subject, 'apiGroup', rbacGroup)
    }
  },
  validateUpdate: (binding, old) =>
    equal(binding.roleRef, old.roleRef)
      ? []
      : [problem.invalid('roleRef', binding.roleRef ?? {}, 'cannot change roleRef')],
}

export const roleStrategy: Strategy = { ...base, createOnUpdate: true, checkName: pathSegmentName }

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

export const claimStrategy: Strategy = {
  ...withStatus({ phase: 'Pending' }),
  returnsDeleted: true,
  defaults: (claim) => fill(child(claim, 'spec'), 'volumeMode', 'Filesystem'),
}

export const autoscalerStrategy: Strategy = {
  ...withStatus(),
  defaults: (object) => fill(child(object, 'spec'), 'minReplicas', 1),
}

export const generationOnly: Strategy = withGeneration(base)

/** Webhook configurations: the long list of what is not said. */
export const webhookStrategy: Strategy = {
  ...withGeneration(base, ['webhooks']),
  unconditionalUpdate: false,
  defaults: (object) => {
    for (const webhook of objectsOf(object.webhooks)) {
      fill(webhook, 'failurePolicy', 'Fail')
      fill(webhook, 'matchPolicy', 'Equivalent')
      fill(webhook, 'namespaceSelector', {})
      fill(webhook, 'objectSelector', {})
      fill(webhook, 'timeoutSeconds', 10)
      if (object.kind === 'MutatingWebhookConfiguration')
        fill(webhook, 'reinvocationPolicy', 'Never')
      for (const rule of objectsOf(webhook.rules)) fill(rule, 'scope', '*')
      const service = asObject(at(webhook, 'clientConfig', 'service'))
      if (service !== undefined) fill(service, 'port', 443)
    }
  },
}
