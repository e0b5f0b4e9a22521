/**
 * Makes answers of two servers comparable: what each invents for itself (ids, versions, instants, addresses) becomes a
 * mark that says only which of them are the same and which came first.
 */

/** What came back for one step. */
export type Outcome = {
  readonly status: number
  readonly body?: unknown
  /** Of a watch. */
  readonly events?: readonly unknown[]
  readonly warning?: string
}

type Obj = { [key: string]: unknown }

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const instant = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g
const serviceAddress = /\b10\.(9[6-9]|10\d|11[01])\.\d{1,3}\.\d{1,3}\b/g
const current = /(current: )\d+/g
/** The whole object as the server happens to spell it, in the refusal of a patch that does not fit its type. */
const spelt = /Invalid value: "\{.*\}": json:/g
/** Structures that the server prints in the manner of its own language, and its picture of a difference. */
const printed = /(Invalid|Unsupported) value: \[?\{.*\}\]?: /g
const pictured = /(previously negative\))\n[\s\S]*$/
/** Where several bindings allow a thing, the one that is named is the first of a map. */
const anyOfTwo = /"system:(discovery|public-info-viewer)"/g
const inWords = /(resourceVersion\\":\\"|precondition \(|in record \()\d+/g
const randomEnd = /[bcdfghjklmnpqrstvwxz2456789]{5}$/

export type Names = readonly (readonly [text: string, mark: string])[]

/** The outcomes of one case; `names` are texts that only this play had, with their marks. */
export function normalise(outcomes: readonly Outcome[], names: Names): Outcome[] {
  const versions = new Set<bigint>()
  for (const outcome of outcomes) collectVersions(outcome, versions)
  const order = [...versions].sort((a, b) => (a < b ? -1 : 1))
  const ranks = new Map(order.map((version, index) => [String(version), `<version ${index + 1}>`]))
  const marker = new Marker([...names, ...generatedNames(outcomes)], ranks)
  return renumbered(outcomes.map((outcome) => marker.value(outcome) as Outcome))
}

const numberedMark = /<(uid|address|node port) (\d+)>/g

/** Marks numbered anew by where they stand when members are in the order of the alphabet, which no server has to keep. */
export function renumbered(outcomes: readonly Outcome[]): Outcome[] {
  const marks = new Map<string, string>()
  const counts = new Map<string, number>()
  const text = (given: string): string =>
    given.replace(numberedMark, (mark, what: string) => {
      const known = marks.get(mark)
      if (known !== undefined) return known
      const count = (counts.get(what) ?? 0) + 1
      counts.set(what, count)
      marks.set(mark, `<${what} ${count}>`)
      return `<${what} ${count}>`
    })
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value)
    if (Array.isArray(value)) return value.map(walk)
    if (!isObject(value)) return value
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(entries.map(([key, item]) => [text(key), walk(item)]))
  }
  return outcomes.map((outcome) => walk(outcome) as Outcome)
}

const isObject = (value: unknown): value is Obj =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCollection = ({ kind, items, rows }: Obj): boolean =>
  Array.isArray(items) || Array.isArray(rows) || (typeof kind === 'string' && kind.endsWith('List'))

/** Versions of objects alone: those of lists and bookmarks move with everything else in the cluster. */
function collectVersions(value: unknown, into: Set<bigint>): void {
  if (Array.isArray(value)) {
    for (const item of value) collectVersions(item, into)
    return
  }
  if (!isObject(value)) return
  const version = isObject(value['metadata']) ? value['metadata']['resourceVersion'] : undefined
  const counts = !isCollection(value) && typeof version === 'string' && /^\d+$/.test(version)
  if (counts && value['type'] !== 'BOOKMARK') into.add(BigInt(version))
  for (const [key, item] of Object.entries(value)) {
    if (value['type'] !== 'BOOKMARK' || key !== 'object') collectVersions(item, into)
  }
}

/** Names that the server made up, wherever they appear. */
function generatedNames(value: unknown): Names {
  if (Array.isArray(value)) return value.flatMap(generatedNames)
  if (!isObject(value)) return []
  const { name, generateName } = value
  const own =
    typeof generateName === 'string' && typeof name === 'string' && name.startsWith(generateName)
      ? [[name, name.replace(randomEnd, '<random>')] as const]
      : []
  return [...own, ...Object.values(value).flatMap(generatedNames)]
}

class Marker {
  readonly #names: Names
  readonly #ranks: ReadonlyMap<string, string>
  readonly #seen = new Map<string, Map<string, string>>()

  constructor(names: Names, ranks: ReadonlyMap<string, string>) {
    this.#names = names
    this.#ranks = ranks
  }

  value(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value)
    if (Array.isArray(value)) return value.map((item) => this.value(item))
    if (!isObject(value)) return value
    return this.#object(value)
  }

  #object(object: Obj): Obj {
    if (object['type'] === 'BOOKMARK' && isObject(object['object'])) return this.#bookmark(object)
    const marked = this.#members(object)
    const metadata = marked['metadata']
    if (isObject(metadata)) this.#metadata(object, metadata)
    if (object['kind'] === 'Table') ages(marked)
    if (typeof object['nodePort'] === 'number') {
      marked['nodePort'] = this.#numbered('node port', String(object['nodePort']))
    }
    for (const rules of ['resourceRules', 'nonResourceRules']) {
      const list = marked[rules]
      if (Array.isArray(list)) marked[rules] = [...list].sort(byText)
    }
    const causes = marked['causes']
    if (Array.isArray(causes)) marked['causes'] = once(causes)
    if (typeof object['token'] === 'string') marked['token'] = '<token>'
    // It is made of the group's name, which is another one in each play.
    if (object['kind'] === 'Thing' && 'storageVersionHash' in object) {
      marked['storageVersionHash'] = '<hash>'
    }
    if (typeof object['serverAddress'] === 'string') marked['serverAddress'] = '<server>'
    if ('goVersion' in object) {
      for (const key of [
        'goVersion',
        'buildDate',
        'gitCommit',
        'gitTreeState',
        'compiler',
        'platform',
      ])
        marked[key] = '<build>'
    }
    return marked
  }

  #members(object: Obj): Obj {
    const entries = Object.entries(object).map(([key, item]) => [this.#text(key), this.value(item)])
    return Object.fromEntries(entries) as Obj
  }

  #metadata(object: Obj, metadata: Obj): void {
    const { resourceVersion, continue: next } = metadata
    if (resourceVersion !== undefined) {
      metadata['resourceVersion'] = isCollection(object)
        ? '<list version>'
        : (this.#ranks.get(String(resourceVersion)) ?? '<version>')
    }
    const owners = metadata['managedFields']
    if (Array.isArray(owners)) metadata['managedFields'] = byName(owners)
    if (typeof next === 'string' && next !== '') metadata['continue'] = '<continue>'
  }

  #bookmark(event: Obj): Obj {
    const object = this.#members(event['object'] as Obj)
    const metadata = object['metadata'] as Obj
    return {
      type: 'BOOKMARK',
      object: { ...object, metadata: { ...metadata, resourceVersion: '<list version>' } },
    }
  }

  #text(text: string): string {
    let marked = text
    for (const [name, mark] of this.#names) marked = marked.replaceAll(name, mark)
    return marked
      .replace(uuid, (found) => this.#numbered('uid', found))
      .replace(instant, '<time>')
      .replace(serviceAddress, (found) => this.#numbered('address', found))
      .replace(current, '$1<version>')
      .replace(spelt, 'Invalid value: <object>: json:')
      .replace(printed, '$1 value: <object>: ')
      .replace(pictured, '$1')
      .replace(inWords, '$1<version>')
      .replace(/RBAC: allowed by .*/, (why) => why.replace(anyOfTwo, '<one of several>'))
  }

  #numbered(what: string, text: string): string {
    const known = this.#seen.get(what) ?? new Map<string, string>()
    this.#seen.set(what, known)
    const mark = known.get(text) ?? `<${what} ${known.size + 1}>`
    known.set(text, mark)
    return mark
  }
}

/** Rules of several bindings come in the order of a map. */
function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}

/** Owners stand in the order of seconds, and when a second begins is chance. */
function byName(owners: readonly unknown[]): readonly unknown[] {
  const key = (owner: unknown): string => {
    const { operation, manager, apiVersion, subresource = '', time = '' } = owner as Obj
    return JSON.stringify([operation, time, manager, apiVersion, subresource])
  }
  return [...owners].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** Some checks are made in two places, and a cause is then told twice. */
function once(causes: readonly unknown[]): readonly unknown[] {
  const seen = new Map(causes.map((cause) => [JSON.stringify(cause), cause]))
  // Conflicts are told in the order of a map of managers, which is none.
  const inOrder = [...seen.keys()].every((text) => text.includes('FieldManagerConflict'))
  return inOrder
    ? [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, cause]) => cause)
    : [...seen.values()]
}

/** Ages are a matter of the machine's speed. */
function ages(table: Obj): void {
  const columns = table['columnDefinitions'] as readonly Obj[] | undefined
  const rows = table['rows'] as readonly Obj[] | undefined
  for (const [index, column] of (columns ?? []).entries()) {
    if (!/^(Age|First Seen|Last Seen|Created At)$/.test(String(column['name']))) continue
    for (const row of rows ?? []) {
      const cells = row['cells'] as unknown[]
      if (/^\d/.test(String(cells[index]))) cells[index] = '<age>'
    }
  }
}
