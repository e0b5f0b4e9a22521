/** The end of a release: our finalizer comes on before anything can be left behind, and goes when all is given back. */
import type { Write } from './decision.ts'
import type { App } from './model/app.ts'
import type { ServiceSeen } from './observed.ts'
import type { Pass } from './pass.ts'
import { finalizer, labels } from './render/names.ts'
import { serviceRef } from './render/service.ts'

/**
 * Writes to the object's finalizers, and what is given back before the last one: people's own Services lose the label
 * we added to their selectors. A way back that cannot end, because the gateway is gone, holds a deletion no longer than
 * the progress deadline.
 */
export function retire({ observed, book, now }: Pass): readonly Write[] {
  const { app } = observed
  const ours = app.finalizers.includes(finalizer)
  if (app.deletedAt === undefined)
    return ours ? [] : [finalizers(app, [...app.finalizers, finalizer])]
  const overdue = now >= app.deletedAt + app.progressDeadlineMs
  if (!ours || (book.trial !== undefined && !overdue)) return []
  const borrowed = Object.values(app.services)
    .flatMap((name) => observed.services[name] ?? [])
    .filter((service) => !service.ours && service.selector[labels.revision] !== undefined)
  if (borrowed.length > 0) return borrowed.map((service) => unlabelled(app, service))
  return [
    finalizers(
      app,
      app.finalizers.filter((name) => name !== finalizer),
    ),
  ]
}

function unlabelled(app: App, { name, resourceVersion, selector }: ServiceSeen): Write {
  const { [labels.revision]: _ours, ...rest } = selector
  return {
    kind: 'patch',
    ref: serviceRef(app, name),
    patch: [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: '/spec/selector', value: rest },
    ],
  }
}

function finalizers(app: App, names: readonly string[]): Write {
  const { apiVersion, kind, name } = app.owner
  return {
    kind: 'patch',
    ref: { apiVersion, kind, namespace: app.namespace, name },
    patch: [
      { op: 'test', path: '/metadata/resourceVersion', value: app.resourceVersion },
      { op: 'add', path: '/metadata/finalizers', value: names },
    ],
  }
}
