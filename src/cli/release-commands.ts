/** The commands about releases, as commander knows them. Their own code is loaded only when they are asked for. */
import type { Command } from 'commander'
import type { CommandVerb } from './commands/act.ts'

/** kubectl's options for finding a cluster. */
export function withClusterOptions(command: Command): Command {
  return command
    .option(
      '--kubeconfig <file>',
      'the cluster; by default KUBECONFIG, the pod we run in, or ~/.kube/config',
    )
    .option('--context <name>', 'of the kubeconfig')
    .option('-n, --namespace <name>', 'of the release; by default that of the context')
    .option('--server <url>', 'the API server, instead of the one of the kubeconfig')
    .option('--token <token>', 'bearer token, instead of the credentials of the kubeconfig')
    .option('--as <user>', 'act as this user (impersonation)')
    .option('--as-group <name>', 'and as a member of this group; may be repeated', repeated)
    .option('--insecure-skip-tls-verify', "believe any certificate of the server's")
    .option('--request-timeout <duration>', 'an end to each request; 0 for none of our own')
}

/** Each time it is given, one more. */
function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

const nameWords = 'NAME, or DOOR/NAME where several doors have one of that name'

/** To look at releases. */
export function withLooking(program: Command): void {
  program.commandsGroup('Look at releases:')
  withClusterOptions(program.command('get').argument('[names...]', nameWords))
    .description('list releases, or show one with its revisions, pods, route and analysis')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'only those with these labels')
    .option('-o, --output <format>', "wide, json, yaml, name, jsonpath='{…}'")
    .option('-w, --watch', 'go on with a line for each change')
    .action(async (names, options) => (await import('./commands/get.ts')).get(names, options))
  withClusterOptions(program.command('watch').argument('[names...]', nameWords))
    .description('show releases live: redrawn on a terminal, lines elsewhere')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'only those with these labels')
    .action(async (names, options) => (await import('./commands/watch.ts')).watch(names, options))
  withClusterOptions(program.command('status').argument('<name>', nameWords))
    .description('wait for the end of a release; the exit code says how it ended')
    .option('--timeout <duration>', 'wait no longer than this')
    .option('--no-watch', 'say how it is now, without waiting')
    .action(async (name, options) => (await import('./commands/status.ts')).status(name, options))
  withClusterOptions(program.command('explain').argument('<name>', nameWords))
    .description('say why a release is where it is, and what moves it on')
    .option('-o, --output <format>', 'json')
    .action(async (name, options) => (await import('./commands/explain.ts')).explain(name, options))
  withClusterOptions(program.command('history').argument('<name>', nameWords))
    .description('the revisions, and what was decided: when, by whom, on which numbers')
    .option('-o, --output <format>', 'json or yaml')
    .action(async (name, options) => (await import('./commands/history.ts')).history(name, options))
  withClusterOptions(program.command('events').argument('[name]', nameWords))
    .description('what Kubernetes tells of a release, its workloads and pods')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-w, --watch', 'go on with those that come')
    .option('-o, --output <format>', 'json or yaml')
    .action(async (name, options) => (await import('./commands/events.ts')).events(name, options))
}

const commands: readonly (readonly [CommandVerb, string])[] = [
  ['promote', 'let the present step pass; with --full, all that are left'],
  ['pause', 'hold a release where it is'],
  ['resume', 'let a release go on that was paused'],
  ['abort', 'turn back to the stable revision'],
  ['retry', 'try the revision again that was turned back'],
]

const dryRunWords = 'server, client or none: say what would be done'

/** To act on them. */
export function withActing(program: Command): void {
  program.commandsGroup('Act on releases:')
  for (const [verb, description] of commands) {
    const command = withClusterOptions(program.command(verb).argument('<names...>', nameWords))
      .description(description)
      .option('--candidate <name>', 'which, where several are on trial')
      .option('--dry-run <how>', dryRunWords)
      .option('--timeout <duration>', 'how long to wait for the answer of the controller', '10s')
    if (verb === 'promote') command.option('--full', 'past all steps')
    command.action(async (names, options) => {
      const asked = verb === 'promote' && options.full === true ? 'promote-full' : verb
      await (await import('./commands/act.ts')).act(asked, names, options)
    })
  }
  withClusterOptions(program.command('undo').argument('<name>', nameWords))
    .description('ask for an earlier revision again')
    .option('--to-revision <revision>', 'by its name in `history`; by default the one before')
    .option('--dry-run <how>', dryRunWords)
    .action(async (name, options) => (await import('./commands/undo.ts')).undo(name, options))
  const set = program.command('set').description('change what a release runs')
  withClusterOptions(set.command('image').argument('<name>', nameWords))
    .argument('<images...>', 'CONTAINER=IMAGE; * for all containers')
    .description('ask for other images')
    .option('--dry-run <how>', dryRunWords)
    .action(async (name, images, options) =>
      (await import('./commands/set-image.ts')).setImage(name, images, options),
    )
  withClusterOptions(program.command('restart').argument('<name>', nameWords))
    .description('ask for a new revision of the same template')
    .option('--dry-run <how>', dryRunWords)
    .action(async (name, options) => (await import('./commands/restart.ts')).restart(name, options))
}

/** kubectl's `--dry-run` may stand alone. */
export function spelledOut(words: readonly string[]): readonly string[] {
  // There the words are somebody's unfinished line.
  if (words[0] === '__complete') return words
  return words.map((word) => (word === '--dry-run' ? '--dry-run=server' : word))
}
