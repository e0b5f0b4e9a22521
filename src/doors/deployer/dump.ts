/**
 * Keys of the original's etcd (A65), from a file: as `etcdctl get --prefix /deployer -w json` writes them, as the v2 API
 * answered them with `?recursive=true`, or as one JSON object of keys and texts.
 */
import { asArray, isObject, type Obj } from '#core/schema/json.ts'

export type Entry = { readonly key: string; readonly value: string }

/** @throws Error with a sentence when it is none of the three. */
export function entriesIn(text: string): readonly Entry[] {
  const value: unknown = parsed(text)
  if (!isObject(value)) throw new Error(unknownForm)
  if (Array.isArray(value['kvs'])) return asArray(value['kvs']).filter(isObject).map(ofVersion3)
  if (isObject(value['node'])) return ofVersion2(value['node'])
  const flat = Object.entries(value)
  if (
    flat.length === 0 ||
    !flat.every(([key, one]) => key.startsWith('/') && typeof one === 'string')
  )
    throw new Error(unknownForm)
  return flat.map(([key, one]) => ({ key, value: String(one) }))
}

const unknownForm =
  'this is no dump of keys; write one with: etcdctl get --prefix /deployer -w json'

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(unknownForm)
  }
}

function ofVersion3({ key, value }: Obj): Entry {
  const plain = (given: unknown): string => Buffer.from(String(given ?? ''), 'base64').toString()
  return { key: plain(key), value: plain(value) }
}

function ofVersion2(node: Obj): readonly Entry[] {
  const { key, value } = node
  const own = typeof key === 'string' && typeof value === 'string' ? [{ key, value }] : []
  return [...own, ...asArray(node['nodes']).filter(isObject).flatMap(ofVersion2)]
}

export type Dump = {
  readonly descriptors: readonly DumpedRecord[]
  readonly deployments: readonly DumpedRecord[]
  /** Whole logs, by `namespace/deployment`. */
  readonly logs: ReadonlyMap<string, string>
  /** Answers of pods, by `namespace/deployment`. */
  readonly health: ReadonlyMap<
    string,
    readonly { readonly podName: string; readonly value: string }[]
  >
  /** How many keys of the environment there are; these stay in etcd. */
  readonly environment: number
  /** What could not be understood, a sentence each. */
  readonly problems: readonly string[]
}

export type DumpedRecord = {
  readonly namespace: string
  readonly appName: string
  readonly id: string
  readonly value: Obj
}

/** Sorts keys by what they are. Each is judged alone: a bad one is told, and hurts no other. */
export function dumpOf(entries: readonly Entry[]): Dump {
  const descriptors: DumpedRecord[] = []
  const deployments: DumpedRecord[] = []
  const logs = new Map<string, string>()
  const health = new Map<string, { readonly podName: string; readonly value: string }[]>()
  const problems: string[] = []
  let environment = 0
  for (const { key, value } of entries) {
    const [, root = '', folder = '', namespace = '', ...rest] = key.split('/')
    if (root !== 'deployer') continue
    if (folder === 'environment') environment += 1
    else if (folder === 'logs' && rest.length === 1) logs.set(`${namespace}/${rest[0]}`, value)
    else if (folder === 'healthcheckdata' && rest.length === 2) {
      const at = `${namespace}/${rest[0]}`
      health.set(at, [...(health.get(at) ?? []), { podName: rest[1] ?? '', value }])
    } else if ((folder === 'descriptors' || folder === 'deployments') && rest.length === 2) {
      const record = recordIn(value)
      const [appName = '', id = ''] = rest
      const list = folder === 'descriptors' ? descriptors : deployments
      if (record === undefined) problems.push(`${key} is not JSON`)
      else list.push({ namespace, appName, id, value: record })
    } else if (value !== '') problems.push(`${key} is no key of the deployer`)
  }
  return { descriptors, deployments, logs, health, environment, problems }
}

function recordIn(text: string): Obj | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
