/** The part of Kubernetes' JSONPath that printer columns, scale paths and selectable fields use. */
import { isObject, type Value } from '#core/schema/json.ts'

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly path: readonly Step[]; readonly equals: Value | undefined }

const parsed = new Map<string, readonly Step[] | undefined>()

/** Everything a path selects; undefined when the path is not understood. */
export function select(path: string, value: Value): Value[] | undefined {
  let steps = parsed.get(path)
  if (steps === undefined && !parsed.has(path)) {
    steps = parse(path)
    if (parsed.size > 2000) parsed.clear()
    parsed.set(path, steps)
  }
  return steps === undefined ? undefined : walk(steps, [value])
}

function walk(steps: readonly Step[], from: Value[]): Value[] {
  return steps.reduce((values, step) => values.flatMap((value) => one(step, value)), from)
}

function one(step: Step, value: Value): Value[] {
  switch (step.kind) {
    case 'field': {
      const found =
        isObject(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined
      return found === undefined ? [] : [found]
    }
    case 'index': {
      const found = Array.isArray(value) ? value.at(step.index) : undefined
      return found === undefined ? [] : [found]
    }
    case 'all':
      if (Array.isArray(value)) return value
      return isObject(value) ? Object.values(value) : []
    case 'filter':
      if (!Array.isArray(value)) return []
      return value.filter((item) => {
        const found = walk(step.path, [item])
        return step.equals === undefined ? found.length > 0 : found[0] === step.equals
      })
  }
}

const token =
  /\.?\*|\.([A-Za-z0-9_$-](?:\\.|[A-Za-z0-9_$/-])*)|\[\*\]|\[(-?\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[\?\(@(.*?)\)\]/gy

function parse(text: string): readonly Step[] | undefined {
  const path = text.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '')
  const steps: Step[] = []
  token.lastIndex = 0
  while (token.lastIndex < path.length) {
    const match = token.exec(path)
    if (match === null) return path === '.' ? [] : undefined
    const [all, field, index, single, double, filter] = match
    const name = field ?? single ?? double
    if (name !== undefined) steps.push({ kind: 'field', name: name.replace(/\\(.)/g, '$1') })
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) })
    else if (filter !== undefined) {
      const made = parseFilter(filter)
      if (made === undefined) return undefined
      steps.push(made)
    } else if (all.includes('*')) steps.push({ kind: 'all' })
  }
  return steps
}

function parseFilter(text: string): Step | undefined {
  const [left = '', right] = text.split('==', 2).map((part) => part.trim())
  const path = parse(left)
  if (path === undefined) return undefined
  if (right === undefined) return { kind: 'filter', path, equals: undefined }
  const quoted = /^(['"])(.*)\1$/.exec(right)
  if (quoted !== null) return { kind: 'filter', path, equals: quoted[2] as string }
  try {
    return { kind: 'filter', path, equals: JSON.parse(right) as Value }
  } catch {
    return undefined
  }
}
