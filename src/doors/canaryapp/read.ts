/** From a CanaryApp to the engine's model: an app, or the problems that keep it from being one. */
import { readAction } from '#core/api/action.ts'
import { identityOf } from '#core/api/identity.ts'
import type { ReadResult } from '#core/api/read.ts'
import type { Lookup } from '#core/api/reference.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { ActionAsked, App, Layout, Template } from '#core/model/app.ts'
import { stable } from '#core/model/weights.ts'
import type { Problem } from '#core/refuse.ts'
import { writtenHash } from '#core/revision.ts'
import type { Obj } from '#core/schema/json.ts'
import { validateSchema } from '#core/schema/validate.ts'
import {
  type CanaryApp,
  namesOf,
  podLabels,
  podTemplate,
  retryAnnotation,
  secondary,
} from './canary-app.ts'
import { hostsOf, meshObjects, servicePorts } from './objects.ts'
import { analysisOf, planOf, queryProblems } from './plan.ts'
import { specSchema } from './schema.ts'
import { leftOf, strangers, takeOvers } from './takeover.ts'

/** The API server has checked it against the schema; what slipped past it is found here and told. */
export function readCanaryApp(object: CanaryApp, lookup: Lookup): ReadResult {
  const shape = validateSchema(
    { type: 'object', required: ['spec'], properties: { spec: specSchema } },
    object as unknown as Obj,
  )
  if (shape.length > 0)
    return {
      kind: 'problems',
      problems: shape.map(({ field, message }) => ({ path: field, message })),
    }
  const problems = [
    ...nameProblems(object),
    ...imageProblems(object),
    ...queryProblems(object),
    ...strangers(object, lookup),
  ]
  return problems.length > 0
    ? { kind: 'problems', problems }
    : { kind: 'app', app: appOf(object, lookup) }
}

const label = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const longestName = 53

/** Its name is that of a Service and of a container, and with an ending that of a Deployment whose pods bear it. */
function nameProblems({ metadata: { name } }: CanaryApp): readonly Problem[] {
  if (label.test(name) && name.length <= longestName) return []
  const message = `${JSON.stringify(name)} cannot be the name of a Service with Deployments; write at most ${longestName} small letters, digits and dashes, a letter first`
  return [{ path: 'metadata.name', message }]
}

function imageProblems({ metadata, spec }: CanaryApp): readonly Problem[] {
  const own = spec.template?.spec?.containers?.find(({ name }) => name === metadata.name)
  const twice = own?.image !== undefined && own.image !== spec.image
  return [
    ...(spec.image.trim() === ''
      ? [{ path: 'spec.image', message: 'is empty; write the image to run' }]
      : []),
    ...(twice
      ? [
          {
            path: 'spec.template.spec.containers',
            message: `container ${metadata.name} runs spec.image; leave its own image out`,
          },
        ]
      : []),
  ]
}

function appOf(object: CanaryApp, lookup: Lookup): App {
  const { metadata, spec } = object
  const { name } = metadata
  const template = podTemplate(object, spec.image)
  const taken = takeOvers(object, lookup)
  return {
    door: 'canaryapp',
    ...identityOf(object, kinds.canaryApp),
    template,
    written: writtenHash(template),
    replicas: spec.replicas,
    selector: podLabels(name).all,
    workloads: { kind: 'Deployment', layout: layoutOf(name) },
    services: { [stable]: name, [secondary]: name },
    traffic: {
      router: 'istio',
      route: name,
      settleMs: spec.trafficSettleTime === undefined ? undefined : spec.trafficSettleTime * 1000,
      also: [namesOf(name).mesh],
      subsets: { host: name, of: { [stable]: 'primary', [secondary]: 'secondary' } },
    },
    plan: planOf(object),
    analysis: analysisOf(object),
    progressDeadlineMs: (spec.deploymentReadyTimeout ?? 600) * 1000,
    action: actionOf(object),
    made: {
      service: { ports: servicePorts(object), selector: { app: name } },
      objects: meshObjects(object),
    },
    hosts: hostsOf(object),
    templates: templatesOf(object, lookup),
    ...(taken.length === 0 ? {} : { takeOver: taken }),
  }
}

function layoutOf(name: string): Layout {
  const { primary, secondary: test } = namesOf(name)
  const own = podLabels(name)
  return {
    by: 'role',
    roles: {
      [stable]: { name: primary, labels: own.primary },
      [secondary]: { name: test, labels: own.secondary },
    },
    promotion: 'replace',
    idle: 'delete',
  }
}

/** Of the image that users trust, what its Deployment looked like: it may be deleted while nobody watches. */
function templatesOf(object: CanaryApp, lookup: Lookup): Readonly<Record<string, Template>> {
  const { status } = object
  const trusted = status?.headgate?.stable?.revision
  const image = trusted === undefined ? undefined : status?.images?.[trusted]
  const left = leftOf(object, lookup).map(({ revision, image: one }) => [revision, one] as const)
  const known = [
    ...left,
    ...(trusted === undefined || image === undefined ? [] : [[trusted, image] as const]),
  ]
  return Object.fromEntries(
    known.map(([revision, one]) => {
      const template = podTemplate(object, one)
      return [revision, { template, written: writtenHash(template) }]
    }),
  )
}

function actionOf({ metadata }: CanaryApp): ActionAsked | undefined {
  const text = metadata.annotations?.[retryAnnotation]
  if (text === undefined) return readAction(metadata.annotations)
  return { kind: 'bare', annotation: retryAnnotation, text, verb: 'retry', by: 'somebody' }
}
