/** The beginning of a deployment: whether it may be at all, and under which version (A39, A44, AD14, AD20). */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, Labels } from '#core/k8s/meta.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import { labels as engine } from '#core/render/names.ts'
import { formatInstant } from '#core/time.ts'
import { readDescriptor } from '../descriptor.ts'
import { countersName, ofDoor, plainName, versionedName } from '../names.ts'
import { askedOf } from '../release.ts'
import { isOurs } from '../route.ts'
import { nextVersion } from '../version.ts'
import { createIfMissing, read, takenBy } from './objects.ts'
import { say } from './say.ts'
import { type Case, Failed, mustLead, type Step, toStage, type Work, wait } from './work.ts'

/** A18: names of old Services were no longer. */
const oldNameLimit = 24
const lookAgainMs = 5000

export async function begin(given: Case): Promise<Step> {
  const { work, record, release } = given
  const { descriptor, appName, undeploy } = record.spec
  await say(given, `deployment ${record.metadata.name} of ${appName} begins`)
  if (undeploy !== undefined) throw new Failed('it was called back before it began')
  const reading = readDescriptor(descriptor, work.settings)
  if (reading.kind === 'problems') throw new Failed(reading.problems.join('; '))
  const active = await activeWorkloads(given)
  if (active.length > 1)
    throw new Failed(`more than one controller of ${appName} is active: ${active.join(', ')}`)
  const version = await versionOf(given)
  const serving = release === undefined ? undefined : askedOf(release)
  if (descriptor.newVersion !== '#') {
    const goes = await stillThere(given, version, serving?.version)
    if (goes !== undefined) return goes
  }
  if (versionedName(appName, version).length > oldNameLimit)
    await say(
      given,
      `warning: ${versionedName(appName, version)} has more than ${oldNameLimit} characters, which older clusters do not take`,
    )
  await say(given, `version ${version} is started beside ${serving?.version ?? 'nothing'}`)
  return toStage('starting', { version, since: formatInstant(work.clock.now()) })
}

type NamedWorkload = Workload & { readonly kind: string }

/** Controllers with pods that serve, whoever made them; of ours, the one that is only being drained does not count. */
async function activeWorkloads({ work, record, release }: Case): Promise<readonly string[]> {
  const { namespace, appName } = record.spec.descriptor
  const labelSelector = `app=${appName}`
  const lists = await Promise.all(
    [kinds.replicaSet, kinds.replicationController].map((kind: Kind) =>
      work.cluster.list<NamedWorkload>(kind, { namespace, labelSelector }),
    ),
  )
  const draining = release?.status?.previous?.revision
  return lists
    .flatMap(({ items }) => items)
    .filter(({ metadata, spec }) => {
      const isDraining = draining !== undefined && metadata.labels?.[engine.revision] === draining
      // A Deployment's ReplicaSets are one controller, and not of this kind.
      const isPart = metadata.ownerReferences?.some(({ kind }) => kind === 'Deployment') === true
      return (spec.replicas ?? 0) > 0 && !isDraining && !isPart
    })
    .map(({ metadata }) => metadata.name)
}

/** A number is written down as used before anything bears it. */
async function versionOf(given: Case): Promise<string> {
  const { work, key, record, release } = given
  const { newVersion, namespace, appName } = record.spec.descriptor
  if (newVersion !== '#') return plainName(newVersion)
  const records = work.apps.of(key).flatMap(({ recorded }) => recorded?.version ?? [])
  const running = await runningVersions(given)
  const asked = release === undefined ? undefined : askedOf(release)?.version
  const known = [...records, ...running, ...(asked === undefined ? [] : [asked])]
  return count(work, { namespace, appName, known, deployment: record.metadata.name })
}

/** What runs without us knowing: of the original, or after records were lost. */
async function runningVersions({ work, record }: Case): Promise<readonly string[]> {
  const { namespace, appName } = record.spec.descriptor
  const { items } = await work.cluster.list<KubeObject>(kinds.replicationController, {
    namespace,
    labelSelector: `app=${appName}`,
  })
  return items.flatMap(({ metadata }) => metadata.labels?.['version'] ?? [])
}

type Counters = KubeObject & { readonly data?: Labels }

type Wanted = {
  readonly namespace: string
  readonly appName: string
  readonly known: readonly string[]
  /** Who gets it: asked again after a crash, it gets the same. */
  readonly deployment: string
}

async function count(work: Work, wanted: Wanted): Promise<string> {
  const { namespace, appName, known, deployment } = wanted
  const at = { namespace, name: countersName }
  const counters =
    (await read<Counters>(work, kinds.configMap, at)) ??
    (await createIfMissing<Counters>(work, kinds.configMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...at, labels: ofDoor },
      data: {},
    }))
  const before = counters.data?.[appName] ?? ''
  const holder = `${appName}.of`
  if (counters.data?.[holder] === deployment) return before
  const version = nextVersion('#', [...known, before])
  mustLead(work)
  // With the version that was read: two leaders cannot give the same number.
  await work.cluster.replace<Counters>(kinds.configMap, {
    ...counters,
    data: { ...counters.data, [appName]: version, [holder]: deployment },
  })
  return version
}

/** AD20: a version that is there already cannot come again; one that is being drained is waited for. */
async function stillThere(
  given: Case,
  version: string,
  serving: string | undefined,
): Promise<Step | undefined> {
  const { work, record, release } = given
  const { namespace, appName } = record.spec.descriptor
  if (serving === version)
    throw new Failed(`version ${version} of ${appName} is deployed already; give another version`)
  if (release?.status?.previous?.revision === version) {
    await say(given, `version ${version} is still being drained; it is waited for`)
    return wait(lookAgainMs)
  }
  const at = { namespace, name: versionedName(appName, version) }
  const service = await read<KubeObject>(work, kinds.service, at)
  if (service !== undefined)
    throw new Failed(
      isOurs(service)
        ? `version ${version} of ${appName} is deployed already; give another version`
        : takenBy(service),
    )
  return undefined
}
