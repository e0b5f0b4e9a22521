/**
 * Ports of Services that we made follow what is asked for. A port that comes is there before a route names it, and one
 * that goes stays as long as any route does: in between both lead to the pods. No port changes its name on the way,
 * since whoever balances finds endpoints by it.
 */
import type { Write } from '../decision.ts'
import { entry } from '../entry.ts'
import { type Facts, isDrained } from '../facts.ts'
import type { ServicePort } from '../k8s/workloads.ts'
import type { Observed, ServiceSeen } from '../observed.ts'
import { serviceRef } from '../render/service.ts'
import type { Instant } from '../time.ts'

/** The write that brings a Service of ours its ports, and lets go of those that nobody uses any more. */
export function movePorts(
  observed: Observed,
  facts: Facts,
  seen: ServiceSeen,
  now: Instant,
): readonly Write[] {
  const wanted = facts.app.made?.service?.ports
  if (wanted === undefined || !seen.ours) return []
  const routed = facts.router.ports(facts.app, observed.routes, seen.name)
  const isUsed = (port: number): boolean => !isDrained(facts, now) || routed.includes(port)
  const kept = seen.ports.filter(({ port }) => has(wanted, port) || isUsed(port))
  const fresh = wanted.filter(({ port }) => !has(seen.ports, port))
  if (fresh.length === 0 && kept.length === seen.ports.length) return []
  const patch = [
    { op: 'test', path: '/metadata/resourceVersion', value: seen.resourceVersion },
    { op: 'add', path: '/spec/ports', value: [...kept, ...fresh.map((one) => named(one, kept))] },
  ] as const
  return [{ kind: 'patch', ref: serviceRef(facts.app, seen.name), patch }]
}

/** Whether a Service of the app has not yet all ports that its routes are to name. */
export function lacksPorts({ services }: Observed, { app }: Facts): boolean {
  const wanted = app.made?.service?.ports ?? []
  return Object.values(app.services).some((name) => {
    const seen = entry(services, name)
    return seen?.ours === true && wanted.some(({ port }) => !has(seen.ports, port))
  })
}

function has(ports: readonly ServicePort[], wanted: number): boolean {
  return ports.some(({ port }) => port === wanted)
}

function named(one: ServicePort, others: readonly ServicePort[]): ServicePort {
  const isTaken = others.some(({ name }) => name === one.name)
  return isTaken ? { ...one, name: `${one.name ?? 'port'}-${one.port}` } : one
}
