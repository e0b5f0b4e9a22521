#!/usr/bin/env node
/** The command line: each command is a file, loaded only when it is asked for, so that help stays instant. */
import { basename } from 'node:path'
import { Command, CommanderError } from 'commander'
import { RefusedError, TimeoutError, UsageError } from '#releases/errors.ts'
import { withDashboardOptions } from './dashboard-options.ts'
import { withOldFlags } from './deployer-flags.ts'
import { withEventOptions } from './event-options.ts'
import { exitCodes } from './exit-codes.ts'
import { withFaceOptions } from './faces.ts'
import { leadingLast } from './leading-flags.ts'
import { runLean, startLean } from './lean.ts'
import { withItself, withManifests } from './manifest-commands.ts'
import { spelledOut, withActing, withClusterOptions, withLooking } from './release-commands.ts'
import { harmless } from './show/terminal.ts'
import { version } from './version.ts'
import { withWebhookOptions } from './webhook-options.ts'

const program = new Command('headgate')
  .description('Progressive delivery for Kubernetes.')
  .version(version)
  .exitOverride()
  .enablePositionalOptions()

withLooking(program)
withActing(program)
withManifests(program)

program.commandsGroup('Run it:')
program
  .command('local')
  .description(
    'run a local cluster in this process: API server, controllers, pods, gateway, Prometheus',
  )
  .option('--kubeconfig <file>', 'write the kubeconfig of the cluster there')
  .option('--output <format>', 'json: one line with the addresses once all is ready')
  .option('--no-controller', 'do not start the Headgate controller')
  .option('--gateway-port <port>', 'of the gateway; a free one where it is taken', '8088')
  .option('--health-port <port>', 'of the controller; a free one where it is taken', '8080')
  .option('--follow-delay <duration>', 'how far the gateway follows behind its own word', '100ms')
  .option('--speed <n>', 'run the clocks of the cluster and the controller n times as fast', '1')
  .option(
    '--control-plane <kind>',
    'local; or real: built with Go, in a namespace of its own (root)',
    'local',
  )
  .option(
    '--superposition-config <file>',
    "what Superposition's stand-in resolves; by default the sample image for every variant",
  )
  .option('--allow-commands', "run containers' own commands on this machine")
  .option('--decision-log <file>', 'append one JSON line for each decision')
  .option('--log-level <level>', 'debug, info, warn, error or silent', 'warn')
  .action(async (options) => {
    const started = startLean()
    await (await import('./commands/local.ts')).local(options, started)
  })

withDashboardOptions(
  withWebhookOptions(withFaceOptions(withEventOptions(program.command('controller')))),
)
  .description('run the controller against a cluster')
  .option(
    '--kubeconfig <file>',
    'the cluster; by default KUBECONFIG, the pod we run in, or ~/.kube/config',
  )
  .option('--context <name>', 'of the kubeconfig')
  .option('-n, --namespace <name>', 'watch only this namespace')
  .option(
    '--doors <names>',
    'only these, with commas between, or the option once more; by default all whose kinds are served',
    (names, before?: string) => (before === undefined ? names : `${before},${names}`),
  )
  .option('--health-address <host:port>', '/healthz, /readyz and /metrics', '0.0.0.0:8080')
  .option('--no-leader-elect', 'act without a lease; only with a single replica')
  .option(
    '--lease-namespace <name>',
    'where the lease is; by default POD_NAMESPACE or the namespace of the context',
  )
  .option(
    '--allow-address <host...>',
    'further hosts that metrics may be asked from and events told to',
  )
  .option('--speed <n>', 'run its clock n times as fast', '1')
  .option('--decision-log <file>', 'append one JSON line for each decision')
  .option('--log-level <level>', 'debug, info, warn, error or silent; by default info')
  .action(async (options) => {
    runLean()
    await (await import('./commands/controller.ts')).controller(options)
  })

withClusterOptions(program.command('dashboard'))
  .description('show the releases of a cluster in a browser, with your own credentials')
  .option('--address <host:port>', 'where it listens, on this machine only', '127.0.0.1:8000')
  .option('--open', 'open it in the browser')
  .option('--read-only', 'nobody may act through it')
  .option('--log-level <level>', 'debug, info, warn, error or silent', 'warn')
  .action(async (options) => (await import('./commands/dashboard.ts')).dashboard(options))

program
  .command('demo')
  .description(
    'watch a good version being promoted and a bad one being rolled back, on a local cluster',
  )
  .option('--keep', 'leave the cluster up afterwards')
  .option('--open', 'watch it in the browser')
  .option('--output <format>', 'json: end with one line of figures')
  .action(async (options) => (await import('./commands/demo.ts')).demo(options))

withClusterOptions(program.command('uninstall'))
  .description('give everything back before Headgate is removed; traffic stays with stable')
  .option('--yes', 'do it; without, it only says what there is')
  .option('--timeout <duration>', 'wait no longer than this for the controller', '10m')
  .action(async (options) => (await import('./commands/uninstall.ts')).uninstall(options))

const migrate = program
  .command('migrate')
  .description('bring over records of another program, or what an earlier version stored')
withClusterOptions(migrate.command('storage'))
  .description('after an upgrade: store each object in the present version of its resource')
  .action(async (options) =>
    (await import('./commands/migrate-storage.ts')).migrateStorage(options),
  )
migrate
  .command('deployer')
  .description(
    "descriptors, deployments and logs of the Amdatu deployer, from a dump of its etcd's keys",
  )
  .argument('<file>', 'as etcdctl get --prefix /deployer -w json writes it')
  .option(
    '--kubeconfig <file>',
    'the cluster; by default KUBECONFIG, the pod we run in, or ~/.kube/config',
  )
  .option('--context <name>', 'of the kubeconfig')
  .action(async (file, options) =>
    (await import('./commands/migrate.ts')).migrateDeployer(file, options),
  )

withItself(program)

pointToHelp(program, program.name())

const [node = '', self = '', ...words] = process.argv
// Under this name kubectl asks what may come next.
const isAsked = basename(self).startsWith('kubectl_complete-')
const parse = async (): Promise<unknown> =>
  program.parseAsync([
    ...[node, self],
    ...(isAsked ? ['__complete', ...words] : leadingLast(spelledOut(withOldFlags(words)))),
  ])
parse().catch((error: unknown) => {
  process.exitCode = report(error)
})

/** Who errs in a command is shown the way to the help of that command. */
function pointToHelp(command: Command, words: string): void {
  const about = command.commands.length > 0 ? 'lists the commands' : 'says how it is used'
  command.showHelpAfterError(`(${words} --help ${about})`)
  for (const below of command.commands) pointToHelp(below, `${words} ${below.name()}`)
}

/** One sentence on standard error, and an exit code that scripts can trust. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`headgate: ${harmless(message)}\n`)
  if (process.env['HEADGATE_DEBUG'] !== undefined && error instanceof Error)
    process.stderr.write(`${error.stack}\n`)
  if (error instanceof UsageError) return exitCodes.usage
  if (error instanceof RefusedError) return exitCodes.refused
  return error instanceof TimeoutError ? exitCodes.timeout : exitCodes.failed
}
