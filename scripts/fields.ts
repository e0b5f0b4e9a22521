/** `node scripts/fields.ts`: writes docs/fields.md, every field of every resource of ours, from the definitions themselves. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Definition } from '#core/api/definition.ts'
import { definitions } from '#doors/definitions.ts'

type Node = {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly additionalProperties?: Node | boolean
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly format?: string
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-validations'?: readonly { readonly message?: string }[]
}

const head = `# Fields

<!-- Made from the definitions themselves: node scripts/fields.ts -->

Every field of every resource, as the API server checks it; \`kubectl explain release.spec\` shows the same of a cluster.
How they work together stands in the pages of the [Release](release.md) and of the doors. JSON Schemas of them are among
[what is downloaded](install.md#the-command-line).`

export function page(): string {
  return `${[head, ...definitions.map(sectionOf)].join('\n\n')}\n`
}

function sectionOf({ spec }: Definition): string {
  const { group, names, versions } = spec
  const [{ schema }] = versions
  const { properties = {} } = schema.openAPIV3Schema as Node
  const served = versions.map(({ name }) => `\`${group}/${name}\``).join(', ')
  const parts = ['spec', 'status'].flatMap((part) => {
    const node = properties[part]
    return node === undefined ? [] : [linesOf(part, node).join('\n')]
  })
  return [`## ${names.kind}`, served, ...parts].join('\n\n')
}

/** The node itself, then what is in it. */
function linesOf(path: string, node: Node, isRequired = false): readonly string[] {
  const rules = (node['x-kubernetes-validations'] ?? []).flatMap(({ message }) => message ?? [])
  const checked = rules.length === 0 ? [] : [`Checked: ${rules.join('; ')}.`]
  const said = [...(node.description === undefined ? [] : [node.description]), ...checked].join(' ')
  const facts = factsOf(node, isRequired)
  const line = `- \`${path}\`${facts === '' ? '' : ` (${facts})`}${said === '' ? '' : `: ${plain(said)}`}`
  return [line, ...inside(path, node)]
}

function inside(path: string, node: Node): readonly string[] {
  const { properties = {}, items, additionalProperties, required = [] } = node
  const named = Object.entries(properties).flatMap(([name, inner]) =>
    linesOf(`${path}.${name}`, inner, required.includes(name)),
  )
  const listed = items === undefined ? [] : inside(`${path}[]`, items)
  const mapped =
    typeof additionalProperties === 'object' ? inside(`${path}.NAME`, additionalProperties) : []
  return [...named, ...listed, ...mapped]
}

function factsOf(node: Node, isRequired: boolean): string {
  const { minimum, maximum, enum: words, default: fallback } = node
  const bounds = [
    ...(minimum === undefined ? [] : [`from ${minimum}`]),
    ...(maximum === undefined ? [] : [`to ${maximum}`]),
  ].join(' ')
  return [
    typeOf(node),
    bounds,
    words === undefined ? '' : words.map((word) => `\`${String(word)}\``).join(', '),
    isRequired ? 'required' : '',
    fallback === undefined ? '' : `default \`${JSON.stringify(fallback)}\``,
  ]
    .filter((fact) => fact !== '')
    .join('; ')
}

function typeOf(node: Node): string {
  if (node['x-kubernetes-int-or-string'] === true) return 'whole number or text'
  if (node.format === 'date-time') return 'instant'
  const { type = '', items, additionalProperties } = node
  if (type === 'array') return `list of ${items?.type ?? 'anything'}`
  if (type === 'object') return typeof additionalProperties === 'object' ? 'map' : 'object'
  return { string: 'text', integer: 'whole number', boolean: 'yes or no' }[type] ?? type
}

/** No letter of it is Markdown's. */
function plain(text: string): string {
  return text.replaceAll(/[<>*_[\]]/g, (letter) => `\\${letter}`)
}

if (import.meta.main) {
  const target = join(fileURLToPath(new URL('..', import.meta.url)), 'docs/fields.md')
  writeFileSync(target, page())
}
