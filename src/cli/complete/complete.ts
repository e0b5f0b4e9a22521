/** What may come next on a command line: read off the very commands that the program knows. */
import type { Argument, Command, Option } from 'commander'
import { leadingLastIn } from '../leading-flags.ts'

/** As cobra writes it, which kubectl asks too: no files are proposed. */
export const noFiles = 4

export type Proposal = { readonly word: string; readonly about: string }

export type Proposed = { readonly proposals: readonly Proposal[]; readonly files: boolean }

/** Values that only a cluster or a kubeconfig knows. */
export type Known = {
  readonly releases: (given: Given) => Promise<readonly Proposal[]>
  readonly namespaces: (given: Given) => Promise<readonly Proposal[]>
  readonly contexts: (given: Given) => Promise<readonly Proposal[]>
  readonly deployments: (given: Given) => Promise<readonly Proposal[]>
  readonly revisions: (given: Given) => Promise<readonly Proposal[]>
}

/** Options and arguments that stand before the word in question. */
export type Given = {
  readonly options: Readonly<Record<string, string>>
  readonly words: readonly string[]
}

const fixed: Readonly<Record<string, readonly string[]>> = {
  'get --output': ['wide', 'json', 'yaml', 'name', 'jsonpath='],
  'plan --output': ['text', 'json', 'yaml'],
  'lint --output': ['text', 'json'],
  'simulate --output': ['text', 'json'],
  'simulate --expect': ['promoted', 'rolled-back', 'held'],
  'history --output': ['json', 'yaml'],
  'events --output': ['json', 'yaml'],
  '--output': ['json'],
  '--dry-run': ['server', 'client', 'none'],
  '--log-level': ['debug', 'info', 'warn', 'error', 'silent'],
  '--control-plane': ['local', 'real'],
  'completion <shell>': ['bash', 'zsh', 'fish'],
}

/** `words` are those after the program's name; the last one is being written. */
export async function complete(
  program: Command,
  words: readonly string[],
  known: Known,
): Promise<Proposed> {
  const { before, last, prefix } = split(words)
  const { command, given, waiting } = walked(program, leadingLastIn(before))
  if (waiting !== undefined) return valuesOf(command, waiting, { given, known, last, prefix })
  if (last.startsWith('-')) return from(optionsOf(command), last)
  const below = command.commands.filter((one) => !isHidden(one))
  if (below.length > 0 && given.words.length === 0)
    return from(
      below.map((one) => ({ word: one.name(), about: one.description() })),
      last,
    )
  const args = command.registeredArguments
  const argument = args[given.words.length] ?? args.findLast(({ variadic }) => variadic)
  return argument === undefined ? nothing : argumentsOf(command, argument, { given, known, last })
}

const nothing: Proposed = { proposals: [], files: false }

function from(proposals: readonly Proposal[], last: string, prefix = ''): Proposed {
  const fitting = proposals.map((one) => ({ ...one, word: prefix + one.word }))
  return { proposals: fitting.filter(({ word }) => word.startsWith(prefix + last)), files: false }
}

/** Bash hands `--option=value` in three words; others in one. */
function split(words: readonly string[]): {
  readonly before: readonly string[]
  readonly last: string
  readonly prefix: string
} {
  const last = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  if (last === '=') return { before, last: '', prefix: '' }
  if (before.at(-1) === '=') return { before: before.slice(0, -1), last, prefix: '' }
  const [, option, value] = /^(--[\w-]+)=(.*)$/.exec(last) ?? []
  if (option === undefined || value === undefined) return { before, last, prefix: '' }
  return { before: [...before, option], last: value, prefix: `${option}=` }
}

type Walked = {
  readonly command: Command
  readonly given: Given
  /** The option whose value is being written. */
  readonly waiting: Option | undefined
}

function walked(program: Command, before: readonly string[]): Walked {
  let command = program
  let waiting: Option | undefined
  const options: Record<string, string> = {}
  const words: string[] = []
  for (const word of before.filter((one) => one !== '=')) {
    if (waiting !== undefined) {
      options[waiting.attributeName()] = word
      waiting = undefined
      continue
    }
    const option = command.options.find(({ short, long }) =>
      [short, long].includes(word.split('=')[0]),
    )
    const below = command.commands.find((one) => one.name() === word)
    if (option !== undefined && (option.required || option.optional)) {
      const [, value] = /=(.*)$/.exec(word) ?? []
      if (value === undefined) waiting = option
      else options[option.attributeName()] = value
    } else if (below !== undefined && words.length === 0) command = below
    else if (!word.startsWith('-')) words.push(word)
  }
  return { command, given: { options, words }, waiting }
}

function isHidden(command: Command): boolean {
  return command.name().startsWith('__')
}

function optionsOf(command: Command): readonly Proposal[] {
  return command.options.flatMap(({ long, description, hidden }) =>
    long === undefined || hidden ? [] : [{ word: long, about: description }],
  )
}

type Place = { readonly given: Given; readonly known: Known; readonly last: string }

async function valuesOf(
  command: Command,
  { long = '' }: Option,
  { given, known, last, prefix }: Place & { readonly prefix: string },
): Promise<Proposed> {
  const words = fixed[`${command.name()} ${long}`] ?? fixed[long]
  if (words !== undefined) return from(words.map(plain), last, prefix)
  switch (long) {
    case '--namespace':
      return from(await known.namespaces(given), last, prefix)
    case '--context':
      return from(await known.contexts(given), last, prefix)
    case '--to-revision':
      return from(await known.revisions(given), last, prefix)
    case '--kubeconfig':
    case '--filename':
    case '--decision-log':
      return { proposals: [], files: true }
    default:
      return nothing
  }
}

async function argumentsOf(
  command: Command,
  argument: Argument,
  { given, known, last }: Place,
): Promise<Proposed> {
  const words = fixed[`${command.name()} <${argument.name()}>`]
  if (words !== undefined) return from(words.map(plain), last)
  switch (argument.name()) {
    case 'name':
    case 'names':
      return from(await known.releases(given), last)
    case 'deployment':
      return from(await known.deployments(given), last)
    case 'paths':
      return { proposals: [], files: true }
    default:
      return nothing
  }
}

function plain(word: string): Proposal {
  return { word, about: '' }
}
