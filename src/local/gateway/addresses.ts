/**
 * Where a pod really listens. Pods of the local cluster bear addresses of a range that leads nowhere; the annotation
 * says which loopback port stands for a container port. Pods of a real cluster are reached at their own address.
 */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Pod } from './objects.ts'

/** JSON from container port (or Service port, on a Service) to `HOST:PORT`. */
export const addressAnnotation = 'local.headgate.dev/address'

export type SocketAddress = { readonly host: string; readonly port: number }

/** True for an address that only stands in for a pod and cannot be connected to. */
export type StandIn = (ip: string) => boolean

/** 10.0.0.0/8, from which the local cluster takes its pod and Service addresses. */
export const standInRange: StandIn = (ip) => ip.startsWith('10.')

/** The annotated address of one port, or undefined when there is none or it cannot be read. */
export function annotatedAddress(object: KubeObject, port: number): SocketAddress | undefined {
  const text = object.metadata.annotations?.[addressAnnotation]
  if (text === undefined) return undefined
  const address = parsed(text)[String(port)]
  return typeof address === 'string' ? parseAddress(address) : undefined
}

/** Where `port` of a pod is to be connected to; undefined while nobody has said so. */
export function podAddress(
  pod: Pod | undefined,
  port: number,
  ip: string,
  standIn: StandIn = standInRange,
): SocketAddress | undefined {
  const annotated = pod === undefined ? undefined : annotatedAddress(pod, port)
  if (annotated !== undefined) return annotated
  return ip === '' || standIn(ip) ? undefined : { host: ip, port }
}

/** `HOST:PORT`, the host in brackets where it is IPv6. */
export function parseAddress(text: string): SocketAddress | undefined {
  const found = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text)
  if (found === null) return undefined
  const port = Number(found[3])
  return port > 0 && port < 65_536 ? { host: found[1] ?? found[2] ?? '', port } : undefined
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
