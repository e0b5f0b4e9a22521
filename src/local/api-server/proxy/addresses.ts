/** Where pods and services are reached from here: loopback addresses that their keepers wrote into annotations. */
import {
  asArray,
  asNumber,
  asObject,
  asString,
  at,
  isObject,
  type Obj,
  objectsOf,
} from '#core/schema/json.ts'
import type { Call, Machine } from '../machine.ts'
import { objectOf } from '../output.ts'
import type { Stored } from '../resource.ts'
import { ApiError, badRequest, notFound, unavailable } from '../status.ts'

const addressAnnotation = 'local.headgate.dev/address'
export const logsAnnotation = 'local.headgate.dev/logs'

/** Where Services and pods are looked up. */
export type Places = Pick<Machine, 'ports' | 'store'>

export type Address = { readonly host: string; readonly port: number }

/** `http:NAME:PORT`, `NAME:PORT` or `NAME`. Throws a 400 for anything else. */
function splitName(text: string): { name: string; port: string } {
  const parts = text.split(':')
  if (parts.length === 1) return { name: text, port: '' }
  if (parts.length === 2) return { name: parts[0] as string, port: parts[1] as string }
  if (parts.length === 3 && ['http', 'https', ''].includes(parts[0] as string)) {
    return { name: parts[1] as string, port: parts[2] as string }
  }
  throw badRequest(`invalid service request ${JSON.stringify(text)}`)
}

/** Only ever loopback: an annotation must not turn the server into a way to anywhere else. */
export function loopback(text: string | undefined): Address | undefined {
  const match = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[::1\]):(\d{1,5})$/.exec(text ?? '')
  if (match === null) return undefined
  const host = match[1] === '[::1]' ? '::1' : (match[1] as string)
  return { host, port: Number(match[2]) }
}

function annotated(object: Stored): Obj {
  const text = asString(at(object, 'metadata', 'annotations', addressAnnotation))
  if (text === undefined) return {}
  try {
    const parsed: unknown = JSON.parse(text)
    return isObject(parsed) ? parsed : {}
  } catch {
    return {}
  }
}

/** The pod's address for a port, by number or by name; its first port when none is given. Throws 404 or 503. */
export function podAddress(call: Call): Address {
  const { name, port } = splitName(call.name)
  const entry = call.machine.store.get('pods', `${call.namespace}/${name}`)
  if (entry === undefined) throw notFound(call.resource, name)
  const pod = objectOf(call.resource, entry)
  const found = portOfPod(pod, port)
  if (found !== undefined) return found
  const why = port === '' ? '' : `:${port}`
  throw unavailable(`error trying to reach service: pod ${name}${why} has no address`)
}

function portOfPod(pod: Stored, port: string): Address | undefined {
  const addresses = annotated(pod)
  const ports = objectsOf(at(pod, 'spec', 'containers')).flatMap(({ ports }) => objectsOf(ports))
  const number =
    port === ''
      ? (asNumber(ports[0]?.containerPort) ?? 80)
      : (asNumber(ports.find(({ name }) => name === port)?.containerPort) ?? port)
  return loopback(asString(addresses[String(number)]))
}

/** An address of a ready endpoint of the service that a call names, drawn at random. Throws 404 or 503. */
export function serviceAddress(call: Call): Address {
  const { name, port } = splitName(call.name)
  if (call.machine.store.get('services', `${call.namespace}/${name}`) === undefined) {
    throw notFound(call.resource, name)
  }
  return serviceEndpoint(call.machine, { namespace: call.namespace, name, port, shown: call.name })
}

export type ServicePort = {
  readonly namespace: string
  readonly name: string
  /** A text may be a name or a number, and means the first port when it is empty. */
  readonly port: number | string
  /** The service as an error message names it. */
  readonly shown: string
}

/** The same for a service that is named otherwise. Throws 404 or 503. */
export function serviceEndpoint(machine: Places, asked: ServicePort): Address {
  const { namespace, name, port, shown } = asked
  const entry = machine.store.get('services', `${namespace}/${name}`)
  // In the singular, as the server's own caches say it.
  if (entry === undefined) throw notFound({ group: '', plural: 'service', kind: 'Service' }, name)
  const service = JSON.parse(entry.text) as Stored
  const ports = objectsOf(at(service, 'spec', 'ports'))
  const wanted =
    port === ''
      ? ports[0]
      : ports.find((one) => one.name === port || String(one.port) === String(port))
  if (wanted === undefined) throw noPort(name, port)
  const own = annotated(service)
  const direct = loopback(
    asString(own[String(wanted.port)]) ?? asString(own[String(wanted.name ?? '')]),
  )
  if (direct !== undefined) return direct
  const ready = readyPods(machine, namespace, name, wanted)
  const drawn = ready[Math.floor(machine.ports.random() * ready.length)]
  if (drawn === undefined) {
    throw unavailable(`no endpoints available for service ${JSON.stringify(shown)}`)
  }
  return drawn
}

function noPort(name: string, port: number | string): ApiError {
  return unavailable(
    `no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`,
  )
}

function readyPods(machine: Places, namespace: string, service: string, port: Obj): Address[] {
  const slices = machine.store
    .list('discovery.k8s.io/endpointslices', `${namespace}/`)
    .filter((entry) => entry.labels['kubernetes.io/service-name'] === service)
    .map((entry) => JSON.parse(entry.text) as Obj)
  return slices.flatMap((slice) => {
    const target = objectsOf(slice.ports).find((one) => (one.name ?? '') === (port.name ?? ''))
    const number = asNumber(target?.port)
    if (number === undefined) return []
    return objectsOf(slice.endpoints).flatMap((endpoint) =>
      endpointAddresses(machine, namespace, endpoint, number),
    )
  })
}

function endpointAddresses(
  machine: Places,
  namespace: string,
  endpoint: Obj,
  port: number,
): Address[] {
  if (asObject(endpoint.conditions)?.ready === false) return []
  if (asArray(endpoint.addresses).length === 0) return []
  const pod = asObject(endpoint.targetRef)?.name
  const entry = machine.store.get('pods', `${namespace}/${String(pod)}`)
  if (entry === undefined) return []
  const found = portOfPod(JSON.parse(entry.text) as Stored, String(port))
  return found === undefined ? [] : [found]
}
