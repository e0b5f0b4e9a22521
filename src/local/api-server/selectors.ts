/** Label and field selectors: from the text of a query to a test on an entry. */
import { isSelectable, unknownField } from './builtin/fields.ts'
import type { Resource } from './resource.ts'
import { badRequest } from './status.ts'
import type { Entry } from './store.ts'

export type Test = (entry: Entry) => boolean

type Labels = Readonly<Record<string, string>>

/** The test both selectors make together, or undefined when there is nothing to test. Throws a 400. */
export function selectorTest(
  resource: Resource,
  labelSelector: string,
  fieldSelector: string,
): Test | undefined {
  const labels = parseLabelSelector(labelSelector)
  const fields = parseFieldSelector(resource, fieldSelector)
  if (labels.length === 0 && fields.length === 0) return undefined
  return (entry) =>
    labels.every((test) => test(entry.labels)) && fields.every((test) => test(entry))
}

const token = /\s*(,|\(|\)|!=|==|=|!|<|>|[^\s,()!=<>]+)/gy

function tokens(text: string): string[] {
  const result: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.trimEnd().length) {
    const match = token.exec(text)
    if (match === null) throw unparsable(`invalid character in ${JSON.stringify(text)}`)
    result.push(match[1] as string)
  }
  return result
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`)
}

/** The requirements of a label selector as tests on labels. Throws a 400. */
function parseLabelSelector(text: string): ((labels: Labels) => boolean)[] {
  if (text.trim() === '') return []
  const words = tokens(text)
  const tests: ((labels: Labels) => boolean)[] = []
  let index = 0
  const next = (): string | undefined => words[index++]
  if (words[0] === ',') {
    throw badRequest("found ',', expected: !, identifier, or 'end of string'")
  }
  for (;;) {
    tests.push(requirement(next, () => words[index]))
    const separator = next()
    if (separator === undefined) return tests
    if (separator !== ',')
      throw unparsable(`found '${separator}', expected: ',' or 'end of string'`)
  }
}

type Next = () => string | undefined

function requirement(next: Next, peek: Next): (labels: Labels) => boolean {
  const first = next()
  if (first === '!') {
    const key = checkKey(next())
    return (labels) => labels[key] === undefined
  }
  const key = checkKey(first)
  const operator = peek()
  if (operator === undefined || operator === ',') return (labels) => labels[key] !== undefined
  next()
  switch (operator) {
    case '=':
    case '==':
    case '!=': {
      const value = checkValue(valueOf(next, peek))
      if (operator === '!=') return (labels) => labels[key] !== value
      return (labels) => labels[key] === value
    }
    case 'in':
    case 'notin': {
      const values = new Set(valuesOf(next, peek).map(checkValue))
      if (operator === 'in') return (labels) => labels[key] !== undefined && values.has(labels[key])
      return (labels) => labels[key] === undefined || !values.has(labels[key])
    }
    case '<':
    case '>': {
      const bound = checkNumber(valueOf(next, peek))
      return (labels) => {
        const value = Number(labels[key])
        if (labels[key] === undefined || Number.isNaN(value)) return false
        return operator === '<' ? value < bound : value > bound
      }
    }
    default:
      throw unparsable(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`)
  }
}

function valueOf(next: Next, peek: Next): string {
  const found = peek()
  if (found === undefined || found === ',') return ''
  return next() as string
}

function valuesOf(next: Next, peek: Next): string[] {
  const open = next()
  if (open !== '(') throw unparsable(`found '${open ?? ''}' expected: '('`)
  const values: string[] = []
  for (;;) {
    const word = peek() === ')' || peek() === ',' ? '' : (next() as string | undefined)
    if (word === undefined) throw unparsable("found '', expected: ',', or ')'")
    values.push(word)
    const separator = next()
    if (separator === ')') return values
    if (separator !== ',') throw unparsable(`found '${separator}', expected: ',', or ')'`)
  }
}

const name = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/

function checkKey(key: string | undefined): string {
  const [prefix, rest] = key?.includes('/') ? key.split('/', 2) : [undefined, key]
  const good = rest !== undefined && rest.length <= 63 && name.test(rest) && prefix !== ''
  if (good) return key as string
  throw unparsable(
    `<nil>: Invalid value: ${JSON.stringify(key ?? '')}: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
  )
}

function checkValue(value: string): string {
  if (value === '' || (value.length <= 63 && name.test(value))) return value
  throw unparsable(
    `values[0][]: Invalid value: ${JSON.stringify(value)}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
  )
}

function checkNumber(value: string): number {
  if (/^[+-]?\d+$/.test(value)) return Number(value)
  throw unparsable(
    `values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
  )
}

type FieldTerm = { readonly label: string; readonly equal: boolean; readonly value: string }

/** `a=b,c!=d` as terms. Throws a 400. */
function fieldTerms(text: string): FieldTerm[] {
  if (text === '') return []
  return text.split(/(?<!\\),/).map((part) => {
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(part)
    if (match === null) {
      throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`)
    }
    const [, label = '', operator, value = ''] = match
    return { label, equal: operator !== '!=', value: value.replace(/\\([,=\\])/g, '$1') }
  })
}

function parseFieldSelector(resource: Resource, text: string): Test[] {
  return fieldTerms(text).map(({ label, equal, value }) => {
    if (!isSelectable(resource, label)) throw badRequest(unknownField(resource, label))
    return (entry) => (fieldOf(entry, label) === value) === equal
  })
}

function fieldOf(entry: Entry, label: string): string {
  const slash = entry.key.indexOf('/')
  if (label === 'metadata.name') return entry.key.slice(slash + 1)
  if (label === 'metadata.namespace') return slash === -1 ? '' : entry.key.slice(0, slash)
  return entry.fields[label] ?? ''
}
