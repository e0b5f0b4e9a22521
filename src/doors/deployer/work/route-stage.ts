/** The front: written so that it sends to the new version, and seen to be taken up, before anything else turns. */

import { contained } from '#core/k8s/compare.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, OwnerReference } from '#core/k8s/meta.ts'
import { parseInstant } from '#core/time.ts'
import { acceptanceOf } from '#core/traffic/gateway-acceptance.ts'
import { isKube } from '#kube/errors.ts'
import type { Descriptor } from '../descriptor.ts'
import { annotations, versionedName } from '../names.ts'
import { certificateNames, isOurs, type Route, routeNames, routeOf } from '../route.ts'
import { kindOfRoute, put, read, removeOurs, takenBy } from './objects.ts'
import { say, sayNow } from './say.ts'
import { type Case, Failed, type Step, toStage, type Work, wait } from './work.ts'

/** What stood there before a deployment; nothing where there was no route. */
export type Before = { readonly deployment: string; readonly objects: readonly KubeObject[] }

/** Decision 13: ingress-nginx says nothing of having followed; after so long it has. */
const nginxSettleMs = 3000

export async function routeStage(given: Case): Promise<Step> {
  const { work, record, version } = given
  const { descriptor } = record.spec
  const { frontend = '', appName } = descriptor
  if (frontend === '') {
    await withdraw(given)
    return toStage('switch')
  }
  const ready = readyEndpoints(work, descriptor, version)
  if (ready < descriptor.replicas) {
    await sayNow(
      given,
      `Service ${versionedName(appName, version)} lists ${ready} of ${descriptor.replicas} pods`,
    )
    return wait(timeLeft(given, 'its Service lists too few pods'))
  }
  const since = work.notes.get(record.metadata.name)?.routeSince
  if (since === undefined) {
    await writeRoute(given)
    const note = work.notes.get(record.metadata.name)
    work.notes.set(record.metadata.name, { ...note, routeSince: work.clock.monotonic() })
    return wait(0)
  }
  return followed(given, since)
}

function readyEndpoints({ slices }: Work, descriptor: Descriptor, version: string): number {
  const service = versionedName(descriptor.appName, version)
  const own = [...slices.values()].filter(
    ({ metadata }) =>
      metadata.namespace === descriptor.namespace &&
      metadata.labels?.['kubernetes.io/service-name'] === service,
  )
  const ready = own
    .flatMap(({ endpoints = [] }) => endpoints)
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses = [] }) => addresses)
  return new Set(ready).size
}

/** Milliseconds until the limit of this stage. @throws Failed when it is over. */
function timeLeft({ work, record }: Case, why: string): number {
  const { timeoutMs } = work.settings
  const left = (parseInstant(record.status?.since) ?? 0) + timeoutMs - work.clock.now()
  if (left <= 0) throw new Failed(`${why}; the limit of ${timeoutMs / 1000} s is over`)
  return left
}

async function followed(given: Case, since: number): Promise<Step> {
  const { work, record } = given
  const { namespace, appName, frontend } = record.spec.descriptor
  const route = work.routes?.get(`${namespace}/${appName}`)
  const acceptance = work.routes === undefined ? undefined : accepted(given, route)
  if (acceptance?.kind === 'waiting') {
    await sayNow(given, acceptance.message)
    return wait(timeLeft(given, acceptance.message))
  }
  const settleMs = acceptance?.settleMs ?? nginxSettleMs
  const left = since + settleMs - work.clock.monotonic()
  if (left > 0) return wait(left)
  await stillThere(given)
  await say(given, `${frontend} leads to version ${given.version}`)
  return toStage('switch')
}

type Taken =
  | { readonly kind: 'waiting'; readonly message: string }
  | { readonly kind: 'accepted'; readonly settleMs: number }

function accepted(given: Case, route: HttpRoute | undefined): Taken {
  const asked = route?.metadata.annotations?.[annotations.deployment]
  if (route === undefined || asked !== given.record.metadata.name)
    return { kind: 'waiting', message: 'the HTTPRoute is being written' }
  const acceptance = acceptanceOf(route)
  if (acceptance.kind === 'refused') throw new Failed(acceptance.message)
  return acceptance
}

/** Somebody may have changed it again meanwhile. */
async function stillThere(given: Case): Promise<void> {
  const { main } = await wantedRoute(given)
  const there = await read<KubeObject>(given.work, mainKind(given.work), place(given))
  const { spec } = main as KubeObject & { readonly spec: unknown }
  const found = (there as { readonly spec?: unknown } | undefined)?.spec
  if (!contained(spec, found))
    throw new Failed(`the ${main.kind} ${main.metadata.name} was changed by somebody meanwhile`)
}

function place({ record }: Case): { readonly namespace: string; readonly name: string } {
  const { namespace, appName } = record.spec.descriptor
  return { namespace, name: appName }
}

function mainKind({ settings }: Work) {
  return settings.front.provider === 'nginx' ? kinds.ingress : kinds.httpRoute
}

async function wantedRoute(given: Case, tell = false): Promise<Route> {
  const { work, record, version, release } = given
  const { descriptor } = record.spec
  const tlsSecret = await certificate(given, tell)
  const owner: OwnerReference = {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Release',
    name: descriptor.appName,
    uid: release?.metadata.uid ?? '',
    controller: true,
  }
  const provider = work.settings.front
  const usable = provider.provider === 'nginx' ? tlsSecret : undefined
  return routeOf(provider, { descriptor, version, owner, tlsSecret: usable })
}

/** A58, AD09. */
async function certificate(given: Case, tell: boolean): Promise<string | undefined> {
  const { work, record } = given
  const { descriptor } = record.spec
  const names = certificateNames(descriptor)
  for (const name of names) {
    const secret = await read(work, kinds.secret, { namespace: descriptor.namespace, name }).catch(
      (error: unknown) => {
        if (isKube(error, 'Forbidden'))
          throw new Failed(`the Secret ${name} may not be read; grant get on it to the deployer`)
        throw error
      },
    )
    if (secret === undefined) continue
    if (tell) await say(given, `TLS with the Secret ${name}`)
    return name
  }
  const message = `no Secret with a certificate: looked for ${names.join(', ')}`
  if (work.settings.tlsRequired) throw new Failed(message)
  if (tell) await say(given, `${message}; ${descriptor.frontend} is served by plain HTTP`)
  return undefined
}

async function writeRoute(given: Case): Promise<void> {
  const { work, record } = given
  const { name: deployment } = record.metadata
  const { main, beside, notes } = await wantedRoute(given, true)
  for (const note of notes) await say(given, note)
  const there = await currentRoute(given)
  const taken = there.find((one) => !isOurs(one))
  if (taken !== undefined) throw new Failed(takenBy(taken))
  const [before] = there.filter(({ kind, metadata }) => isMain(main, kind, metadata.name))
  const stood: Before = beforeIn(before, deployment) ?? { deployment, objects: there.map(bare) }
  const said = {
    [annotations.deployment]: deployment,
    [annotations.before]: JSON.stringify(stood),
  }
  // What the main one refers to comes first, and what is not wanted any more goes last.
  for (const one of beside) await put(work, kindFor(one), one, sameIn(there, one))
  await put(work, kindFor(main), annotated(main, said), before)
  await say(
    given,
    `${main.kind} ${main.metadata.name} sends to ${versionedName(record.spec.appName, given.version)}`,
  )
  const wanted = [main, ...beside]
  for (const one of there)
    if (sameIn(wanted, one) === undefined)
      await removeOurs(work, kindFor(one), { ...place(given), name: one.metadata.name })
}

function isMain(main: KubeObject, kind: string, name: string): boolean {
  return main.kind === kind && main.metadata.name === name
}

function annotated(object: KubeObject, more: Readonly<Record<string, string>>): KubeObject {
  const { metadata } = object
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, ...more } } }
}

function sameIn(objects: readonly KubeObject[], { kind, metadata }: KubeObject) {
  return objects.find((one) => one.kind === kind && one.metadata.name === metadata.name)
}

function kindFor({ kind }: KubeObject) {
  switch (kind) {
    case 'Ingress':
      return kinds.ingress
    case 'ConfigMap':
      return kinds.configMap
    default:
      return kinds.httpRoute
  }
}

/** All parts of the route that stand there now. */
async function currentRoute(given: Case): Promise<readonly KubeObject[]> {
  const { work } = given
  const { namespace, name } = place(given)
  const all = await Promise.all(
    routeNames(work.settings.front, name).map(async (one) => {
      const there = await read<KubeObject>(work, kindOfRoute[one.kind], {
        namespace,
        name: one.name,
      })
      // A ConfigMap of that name which is not ours is in nobody's way unless we need it.
      return there === undefined || (one.kind === 'configMap' && !isOurs(there)) ? [] : [there]
    }),
  )
  return all.flat()
}

/** What was remembered of the route that stood there before this very deployment. */
function beforeIn(main: KubeObject | undefined, deployment: string): Before | undefined {
  const text = main?.metadata.annotations?.[annotations.before]
  if (text === undefined) return undefined
  const before = JSON.parse(text) as Before
  return before.deployment === deployment ? before : undefined
}

/** Without what the server keeps of it, and without what was remembered of its own past. */
function bare(object: KubeObject): KubeObject {
  const { status: _status, ...rest } = object as KubeObject & { readonly status?: unknown }
  const { name, namespace, labels, ownerReferences, annotations: own = {} } = object.metadata
  const { [annotations.before]: _before, ...kept } = own
  return {
    ...rest,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
      annotations: kept,
    },
  } as KubeObject
}

/** A64: the route as it stood before this deployment. */
export async function restoreRoute(given: Case): Promise<void> {
  const { work, record } = given
  const there = await currentRoute(given)
  const main = there.find(({ metadata }) => metadata.name === record.spec.appName)
  const before = beforeIn(main, record.metadata.name)
  if (before === undefined) return
  await say(given, 'the route is put back as it was before')
  for (const one of before.objects) await put(work, kindFor(one), one, sameIn(there, one))
  for (const one of there)
    if (isOurs(one) && sameIn(before.objects, one) === undefined)
      await removeOurs(work, kindFor(one), { ...place(given), name: one.metadata.name })
}

/** Takes away all of the route that is ours. True when something was there. */
export async function withdraw(given: Case): Promise<boolean> {
  const { work } = given
  const ours = (await currentRoute(given)).filter(isOurs)
  if (ours.length > 0) await say(given, 'the route is taken away')
  for (const one of ours)
    await removeOurs(work, kindFor(one), { ...place(given), name: one.metadata.name })
  return ours.length > 0
}
