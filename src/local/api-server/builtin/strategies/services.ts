/** Services: cluster addresses and node ports are handed out here, from ranges of their own. */
import {
  asArray,
  asNumber,
  asObject,
  asString,
  at,
  child,
  equal,
  type Obj,
  objectsOf,
  type Value,
} from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import type { Machine } from '../../machine.ts'
import { labelProblems } from '../../metadata.ts'
import { label1035Name } from '../../names.ts'
import type { Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { assign, base } from './base.ts'
import { fill } from './pod-defaults.ts'
import { portNameProblems, portRule } from './pod-validate.ts'

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']

export const serviceStrategy: Strategy = {
  ...base,
  returnsDeleted: true,
  createOnUpdate: true,
  checkName: label1035Name,
  defaults: fillDefaults,
  prepareCreate: (service, machine) => {
    service.status = { loadBalancer: {} }
    allocate(service, undefined, machine)
  },
  prepareUpdate: (service, old, machine) => {
    assign(service, 'status', old.status)
    dropOutside(service, old)
    keepAllocated(service, old)
    allocate(service, old, machine)
  },
  prepareStatus: (service, old) => assign(service, 'spec', old.spec),
  validateStatus: balancerProblems,
  validate: serviceProblems,
  validateUpdate: (service, old) => [...serviceProblems(service), ...addressKept(service, old)],
}

function fillDefaults(service: Stored): void {
  const spec = child(service, 'spec')
  fill(spec, 'sessionAffinity', 'None')
  fill(spec, 'type', 'ClusterIP')
  if (spec.sessionAffinity === 'ClientIP') {
    fill(child(child(spec, 'sessionAffinityConfig'), 'clientIP'), 'timeoutSeconds', 10800)
  }
  for (const port of objectsOf(spec.ports)) {
    fill(port, 'protocol', 'TCP')
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') {
      port.targetPort = port.port ?? 0
    }
  }
  const outside = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  if (outside) fill(spec, 'externalTrafficPolicy', 'Cluster')
  if (outside || spec.type === 'ClusterIP') fill(spec, 'internalTrafficPolicy', 'Cluster')
  if (spec.type === 'LoadBalancer') fill(spec, 'allocateLoadBalancerNodePorts', true)
}

/** What only makes sense for a Service that leads outside goes with that, unless the update speaks of it. */
function dropOutside(service: Stored, old: Stored): void {
  const spec = child(service, 'spec')
  const before = asObject(old.spec) ?? {}
  const isOutside = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  const drop = (field: string): void => {
    if (equal(spec[field], before[field])) delete spec[field]
  }
  if (!isOutside && asArray(spec.externalIPs).length === 0) drop('externalTrafficPolicy')
  if (spec.type === 'LoadBalancer') return
  for (const field of ['allocateLoadBalancerNodePorts', 'loadBalancerClass']) drop(field)
}

/** What was handed out stays when an update does not speak of it. */
function keepAllocated(service: Stored, old: Stored): void {
  const spec = child(service, 'spec')
  const before = asObject(old.spec) ?? {}
  if (spec.type === 'ExternalName') return
  if ((spec.clusterIP ?? '') === '' && before.type !== 'ExternalName') {
    assign(spec, 'clusterIP', before.clusterIP)
    if (asArray(spec.clusterIPs).length === 0) assign(spec, 'clusterIPs', before.clusterIPs)
  }
  const address = asString(spec.clusterIP) ?? ''
  // Who changes the one address alone means the first of the list as well.
  if (address !== '' && spec.clusterIP !== before.clusterIP && address !== 'None') {
    if (equal(spec.clusterIPs, before.clusterIPs)) spec.clusterIPs = [address]
  }
  for (const field of ['ipFamilies', 'ipFamilyPolicy']) {
    if (spec[field] === undefined) assign(spec, field, before[field])
  }
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return
  const known = objectsOf(before.ports)
  for (const port of objectsOf(spec.ports)) {
    if ((port.nodePort ?? 0) !== 0) continue
    const same = known.find((one) => one.port === port.port && one.protocol === port.protocol)
    if (same?.nodePort !== undefined) port.nodePort = same.nodePort
  }
}

function allocate(service: Stored, old: Stored | undefined, machine: Machine): void {
  const spec = child(service, 'spec')
  if (spec.type === 'ExternalName') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'])
      delete spec[field]
    return
  }
  const first = asString(asArray(spec.clusterIPs)[0])
  if ((spec.clusterIP ?? '') === '') {
    spec.clusterIP = first ?? freeAddress(machine, String(service.metadata.uid))
  }
  if (asArray(spec.clusterIPs).length === 0) spec.clusterIPs = [spec.clusterIP as Value]
  fill(spec, 'ipFamilies', ['IPv4'])
  fill(spec, 'ipFamilyPolicy', 'SingleStack')
  const outside = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  const own = String(old?.metadata.uid ?? service.metadata.uid)
  const taken = outside ? takenPorts(machine, own) : new Set<number>()
  for (const port of objectsOf(spec.ports)) {
    if (!outside) delete port.nodePort
    else if ((port.nodePort ?? 0) === 0) port.nodePort = freePort(machine, taken)
    if (typeof port.nodePort === 'number') taken.add(port.nodePort)
  }
}

function others(machine: Machine): Obj[] {
  return machine.store.list('services').map((entry) => JSON.parse(entry.text) as Obj)
}

function takenPorts(machine: Machine, except: string): Set<number> {
  const taken = new Set<number>()
  for (const service of others(machine)) {
    if (at(service, 'metadata', 'uid') === except) continue
    for (const { nodePort } of objectsOf(at(service, 'spec', 'ports'))) {
      if (typeof nodePort === 'number') taken.add(nodePort)
    }
  }
  return taken
}

function freePort({ ports }: Machine, taken: Set<number>): number {
  const start = Math.floor(ports.random() * 2768)
  for (let step = 0; step < 2768; step += 1) {
    const port = 30000 + ((start + step) % 2768)
    if (!taken.has(port)) return port
  }
  return 0
}

/** A free address of 10.96.0.0/16; .0.1 is the API server's own. */
function freeAddress(machine: Machine, _uid: string): string {
  const taken = new Set(
    machine.store.list('services').map((entry) => entry.fields['spec.clusterIP']),
  )
  const size = 65_000
  const start = Math.floor(machine.ports.random() * size)
  for (let step = 0; step < size; step += 1) {
    const number = 10 + ((start + step) % size)
    const address = `10.96.${number >> 8}.${number & 255}`
    if (!taken.has(address)) return address
  }
  return ''
}

function serviceProblems(service: Stored): Problem[] {
  const spec = asObject(service.spec) ?? {}
  const problems: Problem[] = []
  const ports = objectsOf(spec.ports)
  const headless = spec.clusterIP === 'None'
  const type = asString(spec.type) ?? ''
  if (!types.includes(type)) problems.push(problem.unsupported('spec.type', type, types))
  if (ports.length === 0 && !headless && type !== 'ExternalName') {
    problems.push(problem.required('spec.ports'))
  }
  if (type === 'ExternalName' && (spec.externalName ?? '') === '') {
    problems.push(problem.required('spec.externalName'))
  }
  const names = new Set<Value>()
  ports.forEach((port, index) => {
    problems.push(...portProblems(port, `spec.ports[${index}]`, ports.length > 1, names))
  })
  problems.push(...labelProblems(asObject(spec.selector) ?? {}, 'spec.selector'))
  if (!['ClientIP', 'None'].includes(asString(spec.sessionAffinity) ?? '')) {
    const value = asString(spec.sessionAffinity) ?? ''
    problems.push(problem.unsupported('spec.sessionAffinity', value, ['ClientIP', 'None']))
  }
  return problems
}

function portProblems(port: Obj, field: string, several: boolean, names: Set<Value>): Problem[] {
  const problems: Problem[] = []
  const name = asString(port.name) ?? ''
  if (name === '' && several) problems.push(problem.required(`${field}.name`))
  if (name !== '' && names.has(name)) problems.push(problem.duplicate(`${field}.name`, name))
  names.add(name)
  const number = asNumber(port.port) ?? 0
  if (number < 1 || number > 65535)
    problems.push(problem.invalid(`${field}.port`, number, portRule))
  const target = port.targetPort ?? 0
  if (typeof target === 'number' && (target < 1 || target > 65535)) {
    problems.push(problem.invalid(`${field}.targetPort`, target, portRule))
  } else if (typeof target === 'string') {
    for (const text of portNameProblems(target)) {
      problems.push(problem.invalid(`${field}.targetPort`, target, text))
    }
  }
  const protocol = asString(port.protocol) ?? ''
  if (!['SCTP', 'TCP', 'UDP'].includes(protocol)) {
    problems.push(problem.unsupported(`${field}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']))
  }
  return problems
}

function balancerProblems(service: Stored): Problem[] {
  const points = asArray(at(service, 'status', 'loadBalancer', 'ingress'))
  if (points.length === 0 || at(service, 'spec', 'type') === 'LoadBalancer') return []
  const rule = "may only be used when `spec.type` is 'LoadBalancer'"
  return [problem.forbidden('status.loadBalancer.ingress', rule)]
}

function addressKept(service: Stored, old: Stored): Problem[] {
  const now = asObject(service.spec) ?? {}
  const before = asObject(old.spec) ?? {}
  if (now.type === 'ExternalName' || before.type === 'ExternalName') return []
  const was = asString(before.clusterIP) ?? ''
  if (was === '' || now.clusterIP === was) return []
  const rule = 'may not change once set'
  return [problem.invalid('spec.clusterIPs[0]', asArray(now.clusterIPs), rule)]
}
