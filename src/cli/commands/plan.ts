/** `headgate plan`: what applying manifests would do, and nothing of it done. */

import { apiVersionOf } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Door } from '#doors/door.ts'
import { doors } from '#doors/register.ts'
import type { Cluster } from '#kube/cluster.ts'
import { loadConfig } from '#kube/config.ts'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { socketTransport } from '#kube/transport.ts'
import { UsageError } from '../errors.ts'
import { planOffline, planOnline } from '../plan/make.ts'
import { readManifests } from '../plan/manifests.ts'
import type { Plan } from '../plan/plan.ts'
import { formatOf, shown } from '../plan/show.ts'
import { version } from '../version.ts'

export type PlanCommand = {
  readonly filename?: readonly string[]
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly offline?: boolean
  readonly first?: boolean
  readonly output: string
}

/** Something would be refused. */
const refusedCode = 3

/** Prints the plans. The exit code becomes 3 where something would be refused. */
export async function plan(paths: readonly string[], options: PlanCommand): Promise<void> {
  const format = formatOf(options.output)
  const files = [...paths, ...(options.filename ?? [])]
  if (files.length === 0)
    throw new UsageError('name the manifests to plan: files, folders, or - for standard input')
  if (options.first === true && options.offline !== true)
    throw new UsageError('--first is for --offline; a cluster knows what is installed')
  const objects = await readManifests(files)
  if (!objects.some((object) => doorOf(object) !== undefined)) {
    const known = doors.map(({ kind }) => `${kind.kind} of ${apiVersionOf(kind)}`).join(', ')
    throw new UsageError(`none of the ${objects.length} manifests is a release; known are ${known}`)
  }
  const plans =
    options.offline === true ? offline(objects, options) : await online(objects, options)
  process.stdout.write(shown(plans, format))
  if (plans.some(({ verdict }) => verdict === 'refused')) process.exitCode = refusedCode
}

function doorOf({ apiVersion, kind }: KubeObject): Door | undefined {
  return doors.find((door) => door.kind.kind === kind && apiVersionOf(door.kind) === apiVersion)
}

type Asked = { readonly door: Door; readonly object: KubeObject }

/** Releases among the manifests, each in its namespace. */
function asked(objects: readonly KubeObject[], namespace: string): readonly Asked[] {
  return objects.flatMap((object) => {
    const door = doorOf(object)
    if (door === undefined) return []
    return [{ door, object: { ...object, metadata: { namespace, ...object.metadata } } }]
  })
}

/** What stands beside the releases: routes, perhaps. */
function othersIn(objects: readonly KubeObject[]): readonly KubeObject[] {
  return objects.filter((object) => doorOf(object) === undefined)
}

function offline(
  objects: readonly KubeObject[],
  { namespace = 'default', first = false }: PlanCommand,
): readonly Plan[] {
  const now = systemPorts().clock.now()
  const others = othersIn(objects)
  return asked(objects, namespace).map((one) => planOffline({ ...one, others, first, now }))
}

async function online(
  objects: readonly KubeObject[],
  { kubeconfig, context, namespace }: PlanCommand,
): Promise<readonly Plan[]> {
  const config = await loadConfig({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  })
  const ports = systemPorts()
  const cluster = connectTo(socketTransport(config, ports), ports, {
    userAgent: `headgate/${version}`,
  })
  try {
    const served = await servedDoors(cluster)
    const plans: Plan[] = []
    for (const one of asked(objects, namespace ?? config.namespace)) {
      if (!served.includes(one.door))
        throw new Error(
          `the cluster does not know ${one.object.kind}; install its definition, or plan with --offline`,
        )
      plans.push(
        await planOnline({
          ...one,
          cluster,
          doors: served,
          others: othersIn(objects),
          now: ports.clock.now(),
        }),
      )
    }
    return plans
  } finally {
    await cluster.close()
  }
}

async function servedDoors(cluster: Cluster): Promise<readonly Door[]> {
  const known = await Promise.all(
    doors.map(async (door) => {
      const { status, body } = await cluster.raw({ path: `/apis/${apiVersionOf(door.kind)}` })
      if (status !== 200) return []
      const { resources = [] } = JSON.parse(body) as { resources?: readonly { name: string }[] }
      return resources.some(({ name }) => name === door.kind.plural) ? [door] : []
    }),
  )
  return known.flat()
}
