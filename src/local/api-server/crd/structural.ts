/** Whether a schema is structural: every value it speaks of has a type of its own, outside of all conditions. */
import { asObject, asString, equal, type Obj, objectsOf } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { patternOf } from '../cel/functions/regex.ts'
import { completenessProblems } from './structural-conditions.ts'

type Level = 'root' | 'item' | 'field'

/** All problems, in the order of their texts. */
export function structuralProblems(schema: Obj, field: string): Problem[] {
  const problems = [
    ...invariantProblems(schema, 'root', field),
    ...completenessProblems(schema, field),
  ]
  const text = (one: Problem): string => `${one.field}: ${one.message}`
  return problems.sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

export function propertiesOf(schema: Obj): readonly (readonly [string, Obj])[] {
  return Object.entries(asObject(schema.properties) ?? {}).map(
    ([name, value]) => [name, asObject(value) ?? {}] as const,
  )
}

function invariantProblems(schema: Obj, level: Level, field: string): Problem[] {
  const items = asObject(schema.items)
  const rest = asObject(schema.additionalProperties)
  const noItems = schema.type === 'array' && items === undefined
  return [
    ...(noItems ? [problem.required(`${field}.items`, 'must be specified')] : []),
    ...(items === undefined ? [] : invariantProblems(items, 'item', `${field}.items`)),
    ...propertiesOf(schema).flatMap(([name, property]) =>
      invariantProblems(property, 'field', `${field}.properties[${name}]`),
    ),
    ...(level === 'root' && schema.additionalProperties !== undefined
      ? [problem.forbidden(`${field}.additionalProperties`, 'must not be used at the root')]
      : []),
    ...(rest === undefined
      ? []
      : invariantProblems(rest, 'field', `${field}.additionalProperties`)),
    ...extensionProblems(schema, field),
    ...conditionProblems(schema, intOrStringPlaces(schema), field),
    ...typeProblems(schema, level, field),
    ...metaProblems(schema, level, field),
  ]
}

function extensionProblems(schema: Obj, field: string): Problem[] {
  if (schema['x-kubernetes-int-or-string'] !== true) return []
  const rule = 'must be false if x-kubernetes-int-or-string is true'
  return ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource']
    .filter((name) => schema[name] === true)
    .map((name) => problem.invalid(`${field}.${name}`, true, rule))
}

const intOrString = [{ type: 'integer' }, { type: 'string' }]

/** Where types may stand inside of conditions after all: they say no more than the extension itself. */
type Exempt = { readonly anyOf: boolean; readonly firstAllOf: boolean }

const nothingExempt: Exempt = { anyOf: false, firstAllOf: false }

function intOrStringPlaces({ anyOf, allOf }: Obj): Exempt {
  const [first] = objectsOf(allOf)
  return { anyOf: equal(anyOf, intOrString), firstAllOf: equal(first?.anyOf, intOrString) }
}

function conditionProblems(schema: Obj, exempt: Exempt, field: string): Problem[] {
  const each = (name: string): Problem[] =>
    objectsOf(schema[name]).flatMap((one, index) => {
      const inside = name === 'allOf' && index === 0 && exempt.firstAllOf
      return nestedProblems(one, { ...nothingExempt, anyOf: inside }, `${field}.${name}[${index}]`)
    })
  const not = asObject(schema.not)
  return [
    ...(exempt.anyOf ? [] : each('anyOf')),
    ...each('allOf'),
    ...each('oneOf'),
    ...(not === undefined ? [] : nestedProblems(not, nothingExempt, `${field}.not`)),
    ...patternProblems(asString(schema.pattern) ?? '', `${field}.pattern`),
  ]
}

function patternProblems(pattern: string, field: string): Problem[] {
  if (pattern === '') return []
  try {
    patternOf(pattern)
    return []
  } catch (error) {
    const why = `must be a valid regular expression, but isn't: ${(error as Error).message}`
    return [problem.invalid(field, pattern, why)]
  }
}

/** What a condition must not say, in the words that tell what it should be instead. */
const unconditional: readonly (readonly [name: string, should: string])[] = [
  ['type', 'empty'],
  ['additionalProperties', 'undefined'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
]

function nestedProblems(schema: Obj, exempt: Exempt, field: string): Problem[] {
  const items = asObject(schema.items)
  const meta = asObject(schema.properties)?.metadata
  return [
    ...conditionProblems(schema, exempt, field),
    ...(items === undefined ? [] : nestedProblems(items, nothingExempt, `${field}.items`)),
    ...propertiesOf(schema).flatMap(([name, property]) =>
      nestedProblems(property, nothingExempt, `${field}.properties[${name}]`),
    ),
    ...unconditional
      .filter(([name]) => isSaid(schema[name]))
      .map(([name, should]) =>
        problem.forbidden(`${field}.${name}`, `must be ${should} to be structural`),
      ),
    ...(meta === undefined
      ? []
      : [
          problem.forbidden(
            `${field}.properties[metadata]`,
            'must not be specified in a nested context',
          ),
        ]),
  ]
}

function isSaid(value: Obj[string] | undefined): boolean {
  if (value === undefined || value === null || value === false || value === '') return false
  return !Array.isArray(value) || value.length > 0
}

function typeProblems(schema: Obj, level: Level, field: string): Problem[] {
  const type = asString(schema.type) ?? ''
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  const problems: Problem[] = []
  const loose =
    schema['x-kubernetes-int-or-string'] === true ||
    schema['x-kubernetes-preserve-unknown-fields'] === true
  if (embedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true'
    problems.push(
      type === ''
        ? problem.required(`${field}.type`, why)
        : problem.invalid(`${field}.type`, type, why),
    )
  } else if (type === '' && !loose) {
    problems.push(problem.required(`${field}.type`, `must not be empty ${places[level]}`))
  }
  if (embedded && schema.additionalProperties !== undefined) {
    const why = 'must not be used if x-kubernetes-embedded-resource is set'
    problems.push(problem.forbidden(`${field}.additionalProperties`, why))
  }
  if (level === 'root' && type !== '' && type !== 'object') {
    problems.push(problem.invalid(`${field}.type`, type, 'must be object at the root'))
  }
  return problems
}

const places: Readonly<Record<Level, string>> = {
  root: 'at the root',
  item: 'for specified array items',
  field: 'for specified object fields',
}

/** Of an object's head a schema may say next to nothing: it is the same for all kinds. */
function metaProblems(schema: Obj, level: Level, field: string): Problem[] {
  const properties = asObject(schema.properties) ?? {}
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  const isResource = level === 'root' || embedded
  const problems: Problem[] = []
  const at = (name: string): string => `${field}.properties[${name}]`
  for (const name of isResource ? ['kind', 'apiVersion'] : []) {
    const type = asObject(properties[name])?.type ?? ''
    if (properties[name] !== undefined && type !== 'string') {
      problems.push(problem.invalid(`${at(name)}.type`, type, 'must be string'))
    }
  }
  const metadata = asObject(properties.metadata)
  if (metadata !== undefined && isResource && metadata.type !== 'object') {
    problems.push(problem.invalid(`${at('metadata')}.type`, metadata.type ?? '', 'must be object'))
  }
  if (metadata !== undefined && level === 'root' && saysMore(metadata)) {
    const why =
      'must not specify anything other than name and generateName, but metadata is implicitly specified'
    problems.push(problem.forbidden(at('metadata'), why))
  }
  const keeps = schema['x-kubernetes-preserve-unknown-fields'] === true
  if (embedded && !keeps && Object.keys(properties).length === 0) {
    const why =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'
    problems.push(problem.required(`${field}.properties`, why))
  }
  return problems
}

function saysMore(metadata: Obj): boolean {
  const { type: _type, default: _default, properties, ...rest } = metadata
  const names = Object.keys(asObject(properties) ?? {})
  if (names.some((name) => name !== 'name' && name !== 'generateName')) return true
  return Object.values(rest).some(isSaid)
}
