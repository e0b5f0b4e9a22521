/** `headgate migrate deployer FILE`: brings the records of the deployer's original over, from a dump of its etcd. */
import { readFile } from 'node:fs/promises'
import { dumpOf, entriesIn } from '#doors/deployer/dump.ts'
import { importDump } from '#doors/deployer/import.ts'
import { loadConfig } from '#kube/config.ts'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { socketTransport } from '#kube/transport.ts'
import { UsageError } from '#releases/errors.ts'
import { version } from '../version.ts'

export type MigrateCommand = { readonly kubeconfig?: string; readonly context?: string }

/** @throws UsageError when the file is no dump; Error when some of it could not be brought over. */
export async function migrateDeployer(file: string, options: MigrateCommand): Promise<void> {
  const dump = await read(file)
  const { kubeconfig, context } = options
  const config = await loadConfig({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  })
  const ports = systemPorts()
  const cluster = connectTo(socketTransport(config, ports), ports, {
    userAgent: `headgate/${version}`,
  })
  try {
    const { descriptors, deployments, known, problems } = await importDump(cluster, dump)
    process.stdout.write(
      `${descriptors} descriptors and ${deployments} deployments were brought over; ${known} were there already\n`,
    )
    if (dump.environment > 0)
      process.stdout.write(
        `${dump.environment} variables stay in etcd: name it with --deployer-etcd\n`,
      )
    for (const problem of problems) process.stderr.write(`headgate: ${problem}\n`)
    if (problems.length > 0) throw new Error(`${problems.length} keys were not brought over`)
  } finally {
    await cluster.close()
  }
}

async function read(file: string) {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`)
  })
  try {
    return dumpOf(entriesIn(text))
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`)
  }
}
