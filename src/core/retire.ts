/** The end of a release: our finalizer comes on before anything can be left behind, and goes when all is given back. */

import type { Write } from './decision.ts'
import { entry } from './entry.ts'
import type { KubeObject, ObjectRef } from './k8s/meta.ts'
import { type App, workloadKinds } from './model/app.ts'
import type { Observed, ServiceSeen } from './observed.ts'
import { farewellUntil } from './outbox/outbox.ts'
import type { Pass } from './pass.ts'
import { giveBack } from './reference.ts'
import { finalizer, tellingKeys } from './render/names.ts'
import { serviceRef } from './render/service.ts'
import { routers } from './traffic/register.ts'

/**
 * Writes to the object's finalizers, and what is given back before the last one: routes lose what is ours in and beside them,
 * people's own Services the label we added to their selectors. What cannot end, because the gateway is gone or a Service must not be written, holds a
 * deletion no longer than the progress deadline.
 */
export function retire({ observed, book, now }: Pass): readonly Write[] {
  const { app } = observed
  if (app.deletedAt === undefined) return hasFinalizer(app) ? [] : [finalizerOn(app)]
  const overdue = now >= app.deletedAt + app.progressDeadlineMs
  if (!hasFinalizer(app) || (book.trials.length > 0 && !overdue)) return []
  // Its pods come back before ours go.
  const returning = giveBack(app)
  if (returning !== undefined && !overdue) return returning.writes
  // By role we add nothing to the selectors of others.
  const isLabelled = app.workloads.layout.by === 'revision'
  const borrowed = Object.values(app.services)
    .flatMap((name) => entry(observed.services, name) ?? [])
    .filter(
      ({ ours, selector }) =>
        !ours && isLabelled && tellingKeys(app).some((key) => key in selector),
    )
    .map((service) => unlabelled(app, service))
  const given = [...borrowed, ...(routers[app.traffic.router]?.restore(app, observed.routes) ?? [])]
  if (given.length > 0 && !overdue) return given
  // With the object go the events that nobody has heard of yet.
  if (now < (farewellUntil(observed, book) ?? now)) return given
  return [...given, finalizerOff(app)]
}

/** The end of a release that must not touch anything, because others govern what it names: it goes as it is. */
export function retireAsIs({ app }: Observed): readonly Write[] {
  return app.deletedAt !== undefined && hasFinalizer(app) ? [finalizerOff(app)] : []
}

/** The same for an object that nobody can read as a release any more. */
export function letGo({ apiVersion, kind, metadata }: KubeObject): readonly Write[] {
  const { namespace, name, resourceVersion = '', deletionTimestamp, finalizers = [] } = metadata
  if (deletionTimestamp === undefined || !finalizers.includes(finalizer)) return []
  const ref = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) }
  return [replaced(ref, resourceVersion, finalizers.filter(isForeign))]
}

/** Leaves out writes to what people own as long as our finalizer is not on: a deletion could not take them back. */
export function withinReach(
  { app, services }: Observed,
  writes: readonly Write[],
): readonly Write[] {
  if (hasFinalizer(app)) return writes
  return writes.filter((write) => {
    if (write.kind !== 'patch') return true
    if (isWorkloadKind(write.ref.kind)) return write.ref.name !== app.reference?.name
    return write.ref.kind === 'Service' && entry(services, write.ref.name)?.ours === true
  })
}

function unlabelled(app: App, { name, resourceVersion, selector }: ServiceSeen): Write {
  const ours = new Set(tellingKeys(app))
  const rest = Object.fromEntries(Object.entries(selector).filter(([key]) => !ours.has(key)))
  return {
    kind: 'patch',
    ref: serviceRef(app, name),
    patch: [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: '/spec/selector', value: rest },
    ],
  }
}

function isWorkloadKind(kind: string): boolean {
  return workloadKinds.some((one) => one === kind)
}

function hasFinalizer(app: App): boolean {
  return app.finalizers.includes(finalizer)
}

function isForeign(name: string): boolean {
  return name !== finalizer
}

function finalizerOn(app: App): Write {
  return replaced(refOf(app), app.resourceVersion, [...app.finalizers, finalizer])
}

function finalizerOff(app: App): Write {
  return replaced(refOf(app), app.resourceVersion, app.finalizers.filter(isForeign))
}

function refOf({ owner, namespace }: App): ObjectRef {
  return { apiVersion: owner.apiVersion, kind: owner.kind, namespace, name: owner.name }
}

function replaced(ref: ObjectRef, resourceVersion: string, names: readonly string[]): Write {
  const patch = [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'add', path: '/metadata/finalizers', value: names },
  ] as const
  return { kind: 'patch', ref, patch }
}
