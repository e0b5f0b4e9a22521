/** `headgate dashboard`: the dashboard on this machine, with the credentials of whoever starts it. */
import { createLog } from '#controller/log.ts'
import { startDashboard } from '#dashboard/start.ts'
import { isLoopback } from '#http/loopback.ts'
import { sharedPorts } from '#http/shared-port.ts'
import { UsageError } from '#releases/errors.ts'
import { openInBrowser } from '../browser.ts'
import { addressOf, logLevelOf } from '../options.ts'
import { type ClusterOptions, withCluster } from '../releases/connect.ts'
import { stopSignal } from '../signals.ts'
import { version } from '../version.ts'

export type DashboardCommand = ClusterOptions & {
  readonly address: string
  readonly open?: boolean
  readonly readOnly?: boolean
  readonly logLevel: string
}

/** Runs until it is told to stop. */
export async function dashboard(options: DashboardCommand): Promise<void> {
  const given = options.address
  const address = addressOf('--address', given.includes(':') ? given : `127.0.0.1:${given}`)
  if (!isLoopback(address.host))
    throw new UsageError(
      `--address ${given} is open to others, and nobody signs in here; write 127.0.0.1:PORT, or let the controller serve it (--dashboard-address)`,
    )
  const stopped = stopSignal()
  await withCluster(options, async ({ cluster, config }) => {
    const { namespace, readOnly = false } = options
    const running = await startDashboard({
      cluster,
      clock: cluster.ports.clock,
      log: createLog(logLevelOf(options.logLevel)),
      address,
      listen: sharedPorts(cluster.ports.clock),
      ...(namespace === undefined ? {} : { namespace }),
      access: { kind: 'open' },
      readOnly,
      version,
    })
    const url = `http://${address.host}:${running.port}`
    process.stdout.write(`The dashboard of ${config.source} is at ${url} (Ctrl-C ends it)\n`)
    if (options.open === true) openInBrowser(url)
    await stopped
    await running.stop()
  })
}
