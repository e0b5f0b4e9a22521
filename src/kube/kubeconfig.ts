/**
 * Kubeconfig files read and merged as kubectl merges them: of each name, the first file that has it
 * wins.
 */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isRecord } from './answer.ts'
import { ConfigError } from './config-error.ts'

export type Fields = Readonly<Record<string, unknown>>

/** An entry with the file it stands in, since its relative paths start there. */
export type Entry = { readonly fields: Fields; readonly file: string }

export type Kubeconfig = {
  readonly files: readonly string[]
  readonly currentContext: string | undefined
  readonly clusters: ReadonlyMap<string, Entry>
  readonly users: ReadonlyMap<string, Entry>
  readonly contexts: ReadonlyMap<string, Entry>
}

/**
 * `all`: every file must be there. `some`: missing ones are skipped, as in KUBECONFIG, but one must
 * exist.
 * @throws ConfigError
 */
export async function readKubeconfigs(
  paths: readonly string[],
  must: 'all' | 'some',
): Promise<Kubeconfig> {
  const read = await Promise.all(paths.map((path) => readKubeconfig(resolve(path), must)))
  const present = read.filter((config) => config !== undefined)
  if (present.length === 0) {
    throw new ConfigError(
      `none of the kubeconfig files in KUBECONFIG exists (${paths.join(', ')}); correct or unset it`,
    )
  }
  return present.reduce(merged)
}

function merged(first: Kubeconfig, second: Kubeconfig): Kubeconfig {
  return {
    files: [...first.files, ...second.files],
    currentContext: first.currentContext ?? second.currentContext,
    clusters: new Map([...second.clusters, ...first.clusters]),
    users: new Map([...second.users, ...first.users]),
    contexts: new Map([...second.contexts, ...first.contexts]),
  }
}

async function readKubeconfig(file: string, must: 'all' | 'some'): Promise<Kubeconfig | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' && must === 'some') return undefined
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${message})`
    throw new ConfigError(`the kubeconfig ${file} ${why}; check the path`, { cause })
  }
  return parseKubeconfig(text, file)
}

async function parseKubeconfig(text: string, file: string): Promise<Kubeconfig> {
  const root = await parseYaml(text, file)
  return {
    files: [file],
    currentContext: textOf(root['current-context']),
    clusters: entries(root, 'clusters', 'cluster', file),
    users: entries(root, 'users', 'user', file),
    contexts: entries(root, 'contexts', 'context', file),
  }
}

async function parseYaml(text: string, file: string): Promise<Fields> {
  // Not needed in a pod, and not small: loaded only when there is a file.
  const { parse } = await import('yaml')
  let root: unknown
  try {
    root = parse(text)
  } catch (cause) {
    const [why = ''] = String((cause as Error).message).split('\n')
    throw new ConfigError(`the kubeconfig ${file} is not valid YAML: ${why.replace(/:$/, '')}`, {
      cause,
    })
  }
  // An empty file is an empty kubeconfig, as `kubectl config` leaves it.
  if (root === null || root === undefined) return {}
  if (!isRecord(root))
    throw new ConfigError(
      `the kubeconfig ${file} holds no mapping; it should begin with apiVersion: v1, kind: Config`,
    )
  return root
}

function entries(root: Fields, list: string, part: string, file: string): Map<string, Entry> {
  const found = root[list] ?? []
  if (!Array.isArray(found))
    throw new ConfigError(
      `${list} in the kubeconfig ${file} is not a list; write a list of {name, ${part}}`,
    )
  const byName = new Map<string, Entry>()
  for (const item of found as readonly unknown[]) {
    const name = isRecord(item) ? textOf(item['name']) : undefined
    if (!isRecord(item) || name === undefined) {
      throw new ConfigError(
        `an entry of ${list} in the kubeconfig ${file} has no name; give it one`,
      )
    }
    const fields = item[part]
    if (!byName.has(name)) byName.set(name, { fields: isRecord(fields) ? fields : {}, file })
  }
  return byName
}

/** A path in an entry, from the folder of its file. */
export function pathIn(entry: Entry, path: string): string {
  return resolve(dirname(entry.file), path)
}

/** Text that is there and not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
