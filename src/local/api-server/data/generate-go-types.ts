/**
 * Writes go-types.json: the Go types of fields whose type has a name of its own (`v1.PullPolicy`), which messages about
 * values of a wrong type give, and OpenAPI does not know:
 *
 *   node generate-go-types.ts API_DIR APIMACHINERY_DIR APIEXTENSIONS_DIR
 *
 * (the unpacked Go modules of one release). Only definitions of schemas.json are looked at.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Schemas = Readonly<Record<string, { readonly properties?: Readonly<Record<string, unknown>> }>>

const [apiDir = '', machineryDir = '', extensionsDir = ''] = process.argv.slice(2)
const here = import.meta.dirname
/** How the sources call other packages that have such types. */
const packages: Readonly<Record<string, string>> = {
  v1: 'io.k8s.api.core.v1',
  corev1: 'io.k8s.api.core.v1',
  metav1: 'io.k8s.apimachinery.pkg.apis.meta.v1',
  types: 'io.k8s.apimachinery.pkg.types',
}
const schemas = JSON.parse(readFileSync(join(here, 'schemas.json'), 'utf8')) as Schemas
const sources = new Map<string, string>()
const found: Record<string, Record<string, string>> = {}

for (const definition of Object.keys(schemas)) {
  const types = namedTypes(definition)
  if (Object.keys(types).length > 0) found[definition] = types
}
writeFileSync(join(here, 'go-types.json'), `${JSON.stringify(found, undefined, 2)}\n`)

function namedTypes(definition: string): Record<string, string> {
  const dot = definition.lastIndexOf('.')
  const source = sourceOf(definition.slice(0, dot))
  const struct = new RegExp(`^type ${definition.slice(dot + 1)} struct \\{\\n([\\s\\S]*?)^\\}`, 'm')
  const fields = struct.exec(source)?.[1] ?? ''
  const known = schemas[definition]?.properties ?? {}
  const result: Record<string, string> = {}
  for (const [, type = '', json = ''] of fields.matchAll(
    /^\s+\w+\s+(\S+)\s+`.*?json:"([^",]*)[^"]*"/gm,
  )) {
    const text = goText(type, source)
    if (text !== undefined && known[json] !== undefined) result[json] = text
  }
  return result
}

/** All of a package, or nothing for one that is not there. */
function sourceOf(name: string): string {
  const known = sources.get(name)
  if (known !== undefined) return known
  const dir = dirOf(name)
  const files = existsSync(dir) ? readdirSync(dir) : []
  const text = files
    .filter((file) => file.endsWith('.go') && !file.endsWith('_test.go'))
    .map((file) => readFileSync(join(dir, file), 'utf8'))
    .join('\n')
  sources.set(name, text)
  return text
}

function dirOf(name: string): string {
  const rest = (prefix: string): string => name.slice(prefix.length).replaceAll('.', '/')
  if (name.startsWith('io.k8s.api.')) return join(apiDir, rest('io.k8s.api.'))
  const machinery = 'io.k8s.apimachinery.'
  if (name.startsWith(machinery)) return join(machineryDir, rest(machinery))
  return join(extensionsDir, rest('io.k8s.apiextensions-apiserver.'))
}

/** The type as Go's JSON reader prints it, or undefined where it is not one with a name and a simple form. */
function goText(type: string, source: string): string | undefined {
  const bare = type.replace(/^\*/, '')
  const list = /^\[\](.+)$/.exec(bare)
  if (list !== null) {
    if (list[1] === 'byte') return '[]uint8'
    const items = goText(list[1] as string, source)
    return items === undefined ? undefined : `[]${items}`
  }
  const map = /^map\[(\w+)\](.+)$/.exec(bare)
  if (map !== null) {
    const values = goText(map[2] as string, source)
    return values === undefined ? undefined : `map[string]${values}`
  }
  const own = /^(?:(\w+)\.)?([A-Z]\w*)$/.exec(bare)
  if (own === null) return undefined
  const [, alias, name = ''] = own
  const home = alias === undefined ? source : sourceOf(packages[alias] ?? '')
  const simple = new RegExp(
    `^\\s*(?:type )?${name}\\s+(?:string|bool|u?int\\d*|map\\[|\\[\\])`,
    'm',
  )
  return simple.test(home) ? `${alias === 'types' ? 'types' : 'v1'}.${name}` : undefined
}
