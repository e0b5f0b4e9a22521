/**
 * kubectl's JSONPath templates: text and `{…}` with paths (`.a.b`, `['a']`, `[0]`, `[-1]`, `[0:2]`, `[*]`, `..a`,
 * `[?(@.a=="b")]`), texts in quotes, and `{range …}…{end}`.
 */
import { UsageError } from '#releases/errors.ts'

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly steps: readonly Step[] }
  | { readonly kind: 'range'; readonly steps: readonly Step[]; readonly parts: readonly Part[] }

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly from: number; readonly to: number | undefined }
  | { readonly kind: 'all' }
  | { readonly kind: 'deep'; readonly name: string }
  | {
      readonly kind: 'filter'
      readonly steps: readonly Step[]
      readonly op: string
      readonly value: unknown
    }

/** @throws UsageError that shows where the template cannot be read. */
export function jsonpath(template: string, value: unknown): string {
  return print(parse(template), value)
}

function parse(template: string): readonly Part[] {
  // A path alone may stand without braces.
  const text = /^[.$]/.test(template) ? `{${template}}` : template
  const open: { readonly steps: readonly Step[]; readonly parts: Part[] }[] = [
    { steps: [], parts: [] },
  ]
  for (const [, plain, inner] of text.matchAll(/([^{]+)|\{((?:"[^"]*"|'[^']*'|[^}"'])*)\}/g)) {
    const top = open.at(-1) as { parts: Part[] }
    if (plain !== undefined) top.parts.push({ kind: 'text', text: plain })
    else if (inner !== undefined) enter(inner.trim(), open, template)
  }
  const [root, ...unended] = open
  if (root === undefined || unended.length > 0)
    throw new UsageError(`jsonpath ${template}: {range …} has no {end}`)
  return root.parts
}

function enter(
  inner: string,
  open: { readonly steps: readonly Step[]; readonly parts: Part[] }[],
  template: string,
): void {
  const top = open.at(-1) as { readonly steps: readonly Step[]; readonly parts: Part[] }
  if (inner === 'end') {
    open.pop()
    const above = open.at(-1)
    if (above === undefined) throw new UsageError(`jsonpath ${template}: {end} without {range …}`)
    above.parts.push({ kind: 'range', steps: top.steps, parts: top.parts })
    return
  }
  const quoted = /^(["'])(.*)\1$/.exec(inner)?.[2]
  if (quoted !== undefined) {
    top.parts.push({ kind: 'text', text: unescaped(quoted) })
    return
  }
  const range = /^range\s+(.*)$/.exec(inner)?.[1]
  if (range !== undefined) open.push({ steps: stepsIn(range, template), parts: [] })
  else top.parts.push({ kind: 'path', steps: stepsIn(inner, template) })
}

function unescaped(text: string): string {
  return text.replaceAll('\\n', '\n').replaceAll('\\t', '\t').replaceAll('\\"', '"')
}

const token =
  /^(?:\.\.([\w-]+)|\.\*|\.((?:[^.[\]\\\s]|\\.)+)|\['([^']*)'\]|\["([^"]*)"\]|\[(-?\d+)\]|\[(-?\d*):(-?\d*)\]|\[\*\]|\[\?\(@([^=<>!]*?)\s*(?:(==|!=|<=|>=|<|>)\s*([^)]*?))?\s*\)\])/

function stepsIn(text: string, template: string): readonly Step[] {
  let rest = text.replace(/^[$@]/, '')
  const steps: Step[] = []
  while (rest !== '' && rest !== '.') {
    const match = token.exec(rest)
    if (match === null)
      throw new UsageError(
        `jsonpath ${template} cannot be read at ${rest}; write one like {.status.phase}`,
      )
    steps.push(stepOf(match, template))
    rest = rest.slice(match[0].length)
  }
  return steps
}

function stepOf(match: RegExpExecArray, template: string): Step {
  const [all, deep, field, single, double, index, from, to, filter, op, value] = match
  if (deep !== undefined) return { kind: 'deep', name: deep }
  const name = field?.replaceAll('\\', '') ?? single ?? double
  if (name !== undefined) return { kind: 'field', name }
  if (index !== undefined) return { kind: 'index', index: Number(index) }
  if (from !== undefined)
    return { kind: 'slice', from: Number(from), to: to === '' ? undefined : Number(to) }
  if (all.startsWith('[?'))
    return {
      kind: 'filter',
      steps: stepsIn(filter ?? '', template),
      op: op ?? 'exists',
      value: literal(value ?? ''),
    }
  return { kind: 'all' }
}

function literal(text: string): unknown {
  const quoted = /^(["'])(.*)\1$/.exec(text)?.[2]
  if (quoted !== undefined) return quoted
  if (text === 'true' || text === 'false') return text === 'true'
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

function print(parts: readonly Part[], here: unknown): string {
  return parts
    .map((part) => {
      switch (part.kind) {
        case 'text':
          return part.text
        case 'path':
          return found(part.steps, here).map(shown).join(' ')
        case 'range':
          return found(part.steps, here)
            .map((each) => print(part.parts, each))
            .join('')
      }
    })
    .join('')
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function found(steps: readonly Step[], value: unknown): readonly unknown[] {
  return steps.reduce<readonly unknown[]>(
    (values, step) => values.flatMap((one) => taken(step, one)),
    [value],
  )
}

function taken(step: Step, value: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'field':
      return own(value, step.name)
    case 'index':
      return Array.isArray(value) ? value.slice(step.index).slice(0, 1) : []
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to) : []
    case 'all':
      return members(value)
    case 'deep':
      return [...own(value, step.name), ...members(value).flatMap((one) => taken(step, one))]
    case 'filter':
      return members(value).filter((one) => holds(step, found(step.steps, one)))
  }
}

function own(value: unknown, name: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return []
  return [(value as Readonly<Record<string, unknown>>)[name]]
}

function members(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : []
}

function holds(
  { op, value }: Extract<Step, { kind: 'filter' }>,
  [left]: readonly unknown[],
): boolean {
  if (op === 'exists') return left !== undefined
  if (op === '==') return left === value
  if (op === '!=') return left !== value
  if (typeof left !== typeof value) return false
  const [one, other] = [left as number, value as number]
  return { '<': one < other, '>': one > other, '<=': one <= other, '>=': one >= other }[op] ?? false
}
