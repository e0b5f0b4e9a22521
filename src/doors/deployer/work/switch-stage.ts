/** The switch: the Service that stays turns to the new version, and the old one is let go of. */
import type { Release } from '#core/api/release.ts'
import { canonicalJson } from '#core/hash.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { Service } from '#core/k8s/workloads.ts'
import { formatInstant, parseInstant } from '#core/time.ts'
import { type DeploymentRecord, deploymentKind } from '../kinds.ts'
import { annotations, held } from '../names.ts'
import { askedOf, servingOf } from '../release.ts'
import { bridged, opened, stayingPorts } from '../service.ts'
import { read } from './objects.ts'
import { refusedBy } from './pods.ts'
import { say } from './say.ts'
import { type Case, Failed, mustLead, type Step, wait } from './work.ts'

export async function switchStage(given: Case): Promise<Step> {
  const { work, record, version, release } = given
  if (release === undefined) throw new Failed('the Release was deleted by somebody meanwhile')
  refusedBy(given)
  const { status } = release
  const refusal = status?.failed?.find(({ revision }) => revision === version)
  if (refusal !== undefined) throw new Failed(refusal.message)
  const isServing =
    status?.stable?.revision === version &&
    (status.trials ?? []).length === 0 &&
    (status.observedGeneration ?? 0) >= (release.metadata.generation ?? 0)
  const isOpen = await openService(given, isServing)
  if (isServing && isOpen) return finish(given)
  if (servingOf(release) !== undefined) await promote(given, release)
  const since = parseInstant(record.status?.since) ?? 0
  const left = since + work.settings.timeoutMs - work.clock.now()
  if (left <= 0)
    throw new Failed(`the switch did not end in time: ${status?.reason?.message ?? 'no word'}`)
  return wait(left)
}

/**
 * Whether the Service that stays leads where it should: until the new version serves with the ports of both, then with
 * its own. Its selector is the engine's, but for the key that kept it closed.
 */
async function openService({ work, record }: Case, isServing: boolean): Promise<boolean> {
  const { descriptor, appName } = record.spec
  const at = { namespace: descriptor.namespace, name: appName }
  const service = await read<Service>(work, kinds.service, at)
  if (service === undefined) return false
  const { selector = {}, ports } = service.spec
  const own = stayingPorts(descriptor)
  const wanted = isServing || held in selector ? own : bridged(ports ?? [], own)
  const samePorts = canonicalJson(plainPorts(ports)) === canonicalJson(plainPorts(wanted))
  if (!(held in selector) && samePorts) return true
  mustLead(work)
  await work.cluster.patch(kinds.service, at, 'json', [
    { op: 'test', path: '/metadata/resourceVersion', value: service.metadata.resourceVersion },
    { op: 'add', path: '/spec/selector', value: opened(selector) },
    ...(samePorts ? [] : [{ op: 'add', path: '/spec/ports', value: wanted }]),
  ])
  return true
}

function plainPorts(ports: Service['spec']['ports'] = []): unknown {
  return ports.map(({ name, port, targetPort, protocol = 'TCP' }) => ({
    name,
    port,
    targetPort: targetPort ?? port,
    protocol,
  }))
}

/** The engine waits for a word before the switch; this is it. */
async function promote({ work, key, record }: Case, release: Release): Promise<void> {
  const { strategy } = release.spec
  if (strategy.blueGreen?.autoPromoteAfter !== undefined) return
  const asked = askedOf(release)
  if (asked?.deployment !== record.metadata.name) return
  const blueGreen = { ...strategy.blueGreen, autoPromoteAfter: '0s' }
  const spec = { ...asked.spec, strategy: { blueGreen } }
  mustLead(work)
  const written = await work.cluster.replace<Release>(kinds.release, {
    ...release,
    metadata: {
      ...release.metadata,
      annotations: {
        ...release.metadata.annotations,
        [annotations.asked]: JSON.stringify({ ...asked, spec }),
      },
    },
    spec: { ...release.spec, strategy: { blueGreen } },
  })
  work.own.wrote(key, work.releases, written)
}

/** A39: those before it are marked, each in its own log, then this one. */
async function finish(given: Case): Promise<Step> {
  const { work, key, record, version } = given
  await say(given, `version ${version} serves`)
  const before = work.apps
    .of(key)
    .filter(
      ({ metadata, recorded }) =>
        metadata.name !== record.metadata.name && recorded?.status === 'DEPLOYED',
    )
  for (const { metadata } of before) {
    await work.writer.add(metadata, [`replaced by version ${version}`], 'once')
    mustLead(work)
    const written = await work.cluster.patch<DeploymentRecord>(
      deploymentKind,
      { namespace: metadata.namespace ?? 'default', name: metadata.name },
      'merge',
      { status: { status: 'UNDEPLOYED', lastModified: formatInstant(work.clock.now()) } },
      { subresource: 'status' },
    )
    work.own.wrote(key, work.records.deployments, written)
  }
  await say(given, 'deployed')
  return { kind: 'end', status: 'DEPLOYED' }
}
