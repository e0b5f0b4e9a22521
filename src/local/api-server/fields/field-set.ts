/**
 * Sets of field paths, in the form of managedFields' FieldsV1: a tree of path elements, where an empty node is a member
 * and a node with children is a member when it holds `.`. All functions are pure.
 */

export type FieldSet = { readonly [element: string]: FieldSet }
type Building = { [element: string]: FieldSet }

export const noFields: FieldSet = {}
const self = '.'

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false
  return true
}

/** Whether the path that leads to this node is itself in the set. */
export function isMember(node: FieldSet | undefined): boolean {
  return node !== undefined && (isEmptySet(node) || node[self] !== undefined)
}

/** A node from its two halves; undefined when there is nothing in it. */
export function nodeOf(member: boolean, children: FieldSet | undefined): FieldSet | undefined {
  const bare = children === undefined || isEmptySet(children)
  if (bare) return member ? {} : undefined
  return member ? { [self]: {}, ...children } : children
}

function childrenOf(node: FieldSet | undefined): [string, FieldSet][] {
  return Object.entries(node ?? noFields).filter(([element]) => element !== self)
}

/** The first of them itself when it has all of the second. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  let result: Building | undefined
  for (const [element, node] of childrenOf(b)) {
    const known = a[element]
    const both = known === undefined ? node : unionNode(known, node)
    if (both === known) continue
    result ??= { ...a }
    result[element] = both
  }
  return result ?? a
}

function unionNode(a: FieldSet, b: FieldSet): FieldSet {
  const mine = plain(a)
  const children = union(mine, plain(b))
  if (children === mine && (isMember(a) || !isMember(b))) return a
  return nodeOf(isMember(a) || isMember(b), children) ?? {}
}

/** A node without its own membership. */
function plain(node: FieldSet): FieldSet {
  if (node[self] === undefined) return node
  const { [self]: _, ...children } = node
  return children
}

/** The first of them itself when it has nothing of the second. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  let result: Building | undefined
  for (const [element, other] of childrenOf(b)) {
    const node = a[element]
    if (node === undefined) continue
    const kept = differenceNode(node, other)
    if (kept === node) continue
    result ??= { ...a }
    if (kept === undefined) delete result[element]
    else result[element] = kept
  }
  return result ?? a
}

function differenceNode(node: FieldSet, other: FieldSet): FieldSet | undefined {
  const mine = plain(node)
  const children = difference(mine, plain(other))
  if (children === mine && !(isMember(node) && isMember(other))) return node
  return nodeOf(isMember(node) && !isMember(other), children)
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: Building = {}
  for (const [element, node] of childrenOf(a)) {
    const other = b[element]
    if (other === undefined) continue
    const both = nodeOf(isMember(node) && isMember(other), intersection(plain(node), plain(other)))
    if (both !== undefined) result[element] = both
  }
  return result
}

/** The set without a path and everything beneath it. */
export function without(set: FieldSet, path: readonly string[]): FieldSet {
  const [element, ...rest] = path
  const node = element === undefined ? undefined : set[element]
  if (element === undefined || node === undefined) return set
  const { [element]: _, ...others } = set
  if (rest.length === 0) return others
  const inner = nodeOf(isMember(node), without(plain(node), rest))
  return inner === undefined ? others : { ...others, [element]: inner }
}

/** The paths of all members, as lists of elements, in the order of Kubernetes' sets: members first, then deeper ones. */
export function pathsOf(set: FieldSet, prefix: readonly string[] = []): string[][] {
  const entries = childrenOf(set).sort(([a], [b]) => (a < b ? -1 : 1))
  const here = entries.filter(([, node]) => isMember(node)).map(([element]) => [...prefix, element])
  const deeper = entries.flatMap(([element, node]) =>
    isEmptySet(node) ? [] : pathsOf(plain(node), [...prefix, element]),
  )
  return [...here, ...deeper]
}

/** `.spec.containers[name="a"].image`, as conflicts name a path. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('')
}

function elementText(element: string): string {
  const rest = element.slice(2)
  switch (element[0]) {
    case 'f':
      return `.${rest}`
    case 'k': {
      const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>)
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`
    }
    case 'v':
      return `[=${rest}]`
    default:
      return `[${rest}]`
  }
}
