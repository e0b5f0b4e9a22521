/** The commands about manifests, as commander knows them, and those about the program itself. */
import type { Command } from 'commander'
import { withClusterOptions } from './release-commands.ts'

const pathWords = 'manifests: files, folders, or - for standard input'

/** To look at manifests before they are applied. */
export function withManifests(program: Command): void {
  program.commandsGroup('Look at manifests:')
  withClusterOptions(program.command('plan').argument('[paths...]', pathWords))
    .description('say what applying manifests would do: steps, writes, gates, time, refusals')
    .option('-f, --filename <path...>', 'the same as naming them')
    .option('--offline', 'ask no cluster: plan the next revision of a release that is installed')
    .option('--first', 'with --offline: plan the first one')
    .option('-o, --output <format>', 'text, json or yaml', 'text')
    .action(async (paths, options) => (await import('./commands/plan.ts')).plan(paths, options))
  program
    .command('simulate')
    .argument('<paths...>', pathWords)
    .description('say what a policy would have done on a metric history, or on a drawn one')
    .option('--history <metric=file...>', 'CSV of TIME,VALUE, or the answer of a range query')
    .option('--synthetic <metric=shape...>', 'drawn, such as errors=0.4~0.1,9@5m,none@10m')
    .option('--seed <n>', 'of the noise', '1')
    .option('--runs <n>', 'with as many seeds; more than one prints shares', '1')
    .option('--expect <end>', 'promoted, rolled-back or held; else the exit code is 4')
    .option('-n, --namespace <name>', 'of manifests that name none', 'default')
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async (paths, options) =>
      (await import('./commands/simulate.ts')).simulateCommand(paths, options),
    )
  program
    .command('lint')
    .argument('[paths...]', pathWords)
    .description('say what is wrong with manifests, without a cluster')
    .option('-f, --filename <path...>', 'the same as naming them')
    .option('-n, --namespace <name>', 'of manifests that name none', 'default')
    .option('--strict', 'take warnings for errors')
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async (paths, options) =>
      (await import('./commands/lint.ts')).lintCommand(paths, options),
    )
  withClusterOptions(program.command('init').argument('<deployment>', 'a Deployment that exists'))
    .description('write a first manifest for a Deployment')
    .action(async (name, options) => (await import('./commands/init.ts')).init(name, options))
}

/** Completion, doctor and version. */
export function withItself(program: Command): void {
  program.commandsGroup('About itself:')
  withClusterOptions(program.command('doctor'))
    .description('look whether a cluster has all that releases need, and say what to do')
    .option('--doors <names>', 'as if the controller opened these; by default those it opens')
    .option('-o, --output <format>', 'json or yaml')
    .action(async (options) => (await import('./commands/doctor.ts')).doctor(options))
  program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('print the completion script of a shell')
    .action(async (shell) => (await import('./commands/completion.ts')).completion(shell))
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .passThroughOptions()
    .action(async (words) =>
      (await import('./commands/complete.ts')).completeCommand(program, words),
    )
  program.command('__reference', { hidden: true }).action(async () => {
    process.stdout.write((await import('./reference.ts')).reference(program))
  })
  program
    .command('version')
    .description('print the version of this program')
    .option('-o, --output <format>', 'json')
    .action(async (options) => (await import('./commands/version.ts')).printVersion(options))
}
