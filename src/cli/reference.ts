/** docs/cli.md, from the very commands that the program knows; `headgate __reference` prints it. */
import type { Command, Option } from 'commander'
import { exitCodes, exitMeanings } from './exit-codes.ts'

/** Usual ways to call a command. */
const examples: Readonly<Record<string, readonly string[]>> = {
  get: [
    'headgate get -A',
    'headgate get shop',
    'headgate get kulta/shop -o wide',
    'headgate get -o jsonpath=\'{range .items[*]}{.metadata.name} {.status.phase}{"\\n"}{end}\'',
  ],
  watch: ['headgate watch shop', 'headgate watch -A'],
  status: ['headgate status shop --timeout 10m && echo promoted'],
  explain: ['headgate explain shop'],
  history: ['headgate history shop'],
  events: ['headgate events shop -w'],
  promote: [
    'headgate promote shop',
    'headgate promote shop --full',
    'headgate promote shop --dry-run',
  ],
  undo: ['headgate undo shop', 'headgate undo shop --to-revision 40f78eeab7'],
  'set image': ['headgate set image shop app=example/shop:v2'],
  plan: ['headgate plan release.yaml', 'headgate plan --offline examples/canary'],
  simulate: [
    'headgate simulate release.yaml --synthetic errors=0.4~0.1,9@5m',
    'headgate simulate release.yaml --history errors=history.csv --expect rolled-back',
    'headgate simulate release.yaml --synthetic errors=4~1 --runs 1000',
  ],
  lint: ['headgate lint --strict manifests/'],
  init: ['headgate init shop > release.yaml'],
  local: ['headgate local --kubeconfig /tmp/kubeconfig'],
  completion: [
    'source <(headgate completion bash)',
    'source <(headgate completion zsh)',
    'headgate completion fish | source',
  ],
}

/** What an option cannot say. */
const notes: Readonly<Record<string, string>> = {
  status: `It prints a line for each change until the release is at its end: healthy (0), turned back or held by what only a
change can mend (4), aborted (5). With \`--timeout\`, or with \`--no-watch\` where it is under way, the code is 6.`,
  get: `Of weights, what the route has confirmed is shown; \`80/20 → 50/50\` while more is asked for than confirmed. At rest, old
revisions are left out of the tree; \`-o wide\` and \`headgate history\` have them.`,
  undo: `With another revision than the stable one on trial or failed, the stable one is asked for; else the one that was stable
before. It is recognised by its workload, so that nothing new is made where it still stands. A manifest that is kept
elsewhere, in Git perhaps, has to follow.`,
  simulate: `The engine itself decides, in virtual time, on a model of the cluster in which pods and routes follow at once, as in
[plan](plan.md); only what the metrics say is given. \`--history\` takes lines of \`TIME,VALUE\` (RFC 3339, Unix seconds, or
seconds from the beginning; a value left out is no data) or the JSON of Prometheus' \`query_range\`. The first point is the
beginning of the release; a point older than five minutes says nothing any more. \`--synthetic\` draws: \`0.4\`, \`0.4~0.1\` with
noise of that standard deviation, \`0.4~0.1,9@5m,none@10m,error@12m\` with changes later on. \`METRIC@stable\` is what a metric
that compares says of the stable revision. Metrics without a history are well. With \`--runs\`, each run has other noise.`,
  lint: `Errors are what the engine would refuse, what a plan would meet, and fields that the server would drop. Warnings are what is
allowed and seldom meant.`,
  init: `It finds the Service that selects the pods, the HTTPRoute, GRPCRoute, VirtualService or Ingress that sends to it (else the number
of pods is the split), an autoscaler, and a Prometheus. The manifest goes to standard output: the route with a backend for
the candidate, and a Release that takes over from the Deployment. What it found goes to standard error.`,
}

const head = `# The command line

<!-- Made from the program itself: node src/cli/main.ts __reference > docs/cli.md -->

\`headgate\` is also installed as \`kubectl-headgate\`, so that \`kubectl headgate get\` works, with completion by
\`kubectl_complete-headgate\`.

**Names** are \`NAME\`, or \`DOOR/NAME\` where releases of several doors have that name: \`headgate promote kulta/shop\`. The
namespace is that of \`-n\`, else of the context. Such flags may stand before the verb: \`headgate -n shop get\`. A name
that nothing has, or several have, is refused with those there are.

**Commands to a release** (\`promote\`, \`pause\`, \`resume\`, \`abort\`, \`retry\`) are bound to the revision and the step that
were seen, and recorded with who asked: they stand in \`headgate history\`. One that comes too late is refused with a sentence,
and so is one that the door of the release does not take. The program waits for the controller's answer, as long as \`--timeout\`
says. \`undo\`, \`set image\` and \`restart\` change the template, which then goes the way of any other revision, and are recorded
with what was looked at. A \`promote\` goes on over somebody's pause, and says so; with \`--dry-run\` beforehand.

**Output** is a table; \`-o\` gives JSON, YAML, names or a JSONPath template. Colours come on a terminal only, and not where
\`NO_COLOR\` is set. \`HEADGATE_DEBUG\` adds a stack to an error.

**Rights**: to look, \`get\`, \`list\` and \`watch\` of the doors' resources; workloads, pods and Events are shown to who may list them.
To act, \`patch\` of the resource; for \`set image\` and the like of a release with a \`workloadRef\`, of the
Deployment, and of the resource to have it on record who did.

## Exit codes

`

/** The whole page. */
export function reference(program: Command): string {
  const rows = Object.entries(exitCodes).map(([name, code]) => [
    String(code),
    exitMeanings[name as keyof typeof exitCodes],
  ])
  const commands = program.commands.flatMap((command) => leaves(command, ''))
  return `${head}${markdownTable(['code', 'meaning'], rows)}\n${commands.map(section).join('\n')}`
}

/** As the formatter leaves it. */
function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[], filler: string): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, filler)).join(' | ')} |\n`
  return [
    line(headings, ' '),
    line(
      headings.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row, ' ')),
  ].join('')
}

type Named = { readonly name: string; readonly command: Command }

function leaves(command: Command, before: string): readonly Named[] {
  if (command.name().startsWith('__')) return []
  const name = `${before}${command.name()}`
  if (command.commands.length === 0) return [{ name, command }]
  return command.commands.flatMap((one) => leaves(one, `${name} `))
}

function section({ name, command }: Named): string {
  const words = command.registeredArguments.map((argument) => {
    const word = `${argument.name()}${argument.variadic ? '...' : ''}`
    return argument.required ? `<${word}>` : `[${word}]`
  })
  const about = command.registeredArguments
    .filter(({ description }) => description !== '')
    .map((argument) => `- \`${argument.name()}\`: ${argument.description}\n`)
  const usual = examples[name] ?? []
  return [
    `## ${['headgate', name, ...words].join(' ').replaceAll('<', '\\<')}\n\n`,
    `${sentence(command.description())}\n\n`,
    ...(notes[name] === undefined ? [] : [`${notes[name]}\n\n`]),
    ...(usual.length === 0 ? [] : [`\`\`\`sh\n${usual.join('\n')}\n\`\`\`\n\n`]),
    ...about,
    ...command.options.filter(({ hidden }) => !hidden).map(optionLine),
  ]
    .join('')
    .replace(/\n*$/, '\n')
}

function optionLine({ flags, description, defaultValue, envVar }: Option): string {
  const usual =
    defaultValue === undefined || typeof defaultValue === 'boolean'
      ? ''
      : ` (default \`${String(defaultValue)}\`)`
  const variable = envVar === undefined ? '' : ` (variable \`${envVar}\`)`
  return `- \`${flags}\`: ${description}${usual}${variable}\n`
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}
