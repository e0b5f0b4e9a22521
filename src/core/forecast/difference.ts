/** What a write changes, field by field, as people read it. */
import type { KubeObject } from '../k8s/meta.ts'

/** `from` is undefined for a field that is new, `to` for one that goes. */
export type FieldChange = {
  /** `spec.rules[0].backendRefs[1].weight`; keys that hold dots are quoted. */
  readonly path: string
  readonly from: unknown
  readonly to: unknown
}

/** Nobody writes these, and every write changes them. */
const served = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields']

/** All fields in which two states of an object differ; one state may be absent. */
export function changesOf(
  before: KubeObject | undefined,
  after: KubeObject | undefined,
): readonly FieldChange[] {
  return differ('', plain(before), plain(after))
}

function plain(object: KubeObject | undefined): unknown {
  if (object === undefined) return undefined
  const { status: _status, ...rest } = object as KubeObject & { readonly status?: unknown }
  const metadata = Object.entries(object.metadata).filter(([key]) => !served.includes(key))
  return { ...rest, metadata: Object.fromEntries(metadata) }
}

function differ(path: string, from: unknown, to: unknown): readonly FieldChange[] {
  if (JSON.stringify(from) === JSON.stringify(to)) return []
  const keys = isTree(from) && isTree(to) ? keysOf(from, to) : undefined
  if (keys === undefined) return [{ path, from, to }]
  const [old, next] = [from, to] as readonly [Tree, Tree]
  return keys.flatMap((key) => differ(join(path, key, Array.isArray(from)), old[key], next[key]))
}

type Tree = Readonly<Record<string, unknown>>

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null
}

/** Undefined where the two cannot be compared member by member: a list beside something else. */
function keysOf(from: Tree, to: Tree): readonly string[] | undefined {
  if (Array.isArray(from) !== Array.isArray(to)) return undefined
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
}

function join(path: string, key: string, list: boolean): string {
  if (list) return `${path}[${key}]`
  const name = /^[\w-]+$/.test(key) ? key : JSON.stringify(key)
  return path === '' ? name : `${path}.${name}`
}
