/** `headgate plan`: what applying manifests would do, and nothing of it done. */

import type { KubeObject } from '#core/k8s/meta.ts'
import { systemPorts } from '#kube/system.ts'
import { UsageError } from '#releases/errors.ts'
import { servedDoors } from '#releases/find.ts'
import { planOffline, planOnline } from '#releases/plan/make.ts'
import type { Plan } from '#releases/plan/plan.ts'
import { exitCodes } from '../exit-codes.ts'
import { askedIn, othersIn } from '../plan/asked.ts'
import { readManifests } from '../plan/manifests.ts'
import { formatOf, shown } from '../plan/show.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'
import { terminalOf } from '../show/terminal.ts'

export type PlanCommand = ClusterOptions & {
  readonly filename?: readonly string[]
  readonly offline?: boolean
  readonly first?: boolean
  readonly output: string
}

/** Prints the plans. The exit code becomes 3 where something would be refused. */
export async function plan(paths: readonly string[], options: PlanCommand): Promise<void> {
  const format = formatOf(options.output)
  const files = [...paths, ...(options.filename ?? [])]
  if (files.length === 0)
    throw new UsageError('name the manifests to plan: files, folders, or - for standard input')
  if (options.first === true && options.offline !== true)
    throw new UsageError('--first is for --offline; a cluster knows what is installed')
  const objects = await readManifests(files)
  const plans =
    options.offline === true ? offline(objects, options) : await online(objects, options)
  process.stdout.write(shown(plans, format, terminalOf(process.stdout).paint))
  if (plans.some(({ verdict }) => verdict === 'refused')) process.exitCode = exitCodes.refused
}

function offline(
  objects: readonly KubeObject[],
  { namespace = 'default', first = false }: PlanCommand,
): readonly Plan[] {
  const now = systemPorts().clock.now()
  const others = othersIn(objects)
  return askedIn(objects, namespace).map((one) => planOffline({ ...one, others, first, now }))
}

async function online(
  objects: readonly KubeObject[],
  options: PlanCommand,
): Promise<readonly Plan[]> {
  return withCluster(options, async ({ cluster, namespace }) => {
    const asked = askedIn(objects, namespace)
    const served = await servedDoors(cluster)
    const others = othersIn(objects)
    const plans: Plan[] = []
    for (const one of asked) {
      if (!served.includes(one.door))
        throw new Error(
          `the cluster does not know ${one.object.kind}; install its definition, or plan with --offline`,
        )
      const now = cluster.ports.clock.now()
      plans.push(await planOnline({ ...one, cluster, doors: served, others, now }))
    }
    return plans
  })
}
