/**
 * Sets of fields as objects have them in managedFields. Thousands of objects have the same ones, and they are larger than
 * much of what they speak of: each is kept once, with its text, and is not to be changed by anybody.
 */
import { isObject, type Obj, type Value } from '#core/schema/json.ts'

export type InternedFields = { readonly value: Obj; readonly text: string }

const byValue = new WeakMap<Obj, InternedFields>()
const byText = new Map<string, InternedFields>()
const ownersByText = new WeakMap<InternedFields, Map<string, StoredOwner>>()
/** Beyond these all are forgotten. Whoever has one keeps it; only later objects get others. */
const keptTexts = 5000

/** The one set that is like this one. */
function internedFields(value: Obj): InternedFields {
  const known = byValue.get(value)
  if (known !== undefined) return known
  const text = JSON.stringify(value)
  const found = byText.get(text) ?? { value, text }
  if (byText.size >= keptTexts) byText.clear()
  byText.set(text, found)
  byValue.set(value, found)
  byValue.set(found.value, found)
  return found
}

/** An entry of managedFields, with its text in three parts, of which the middle one is shared. */
export type StoredOwner = {
  readonly item: Value
  readonly before: string
  readonly fields: InternedFields | undefined
  readonly after: string
}

/** The one entry that is like this one: many objects are written by one client in one second. */
export function storedOwner(item: Value): StoredOwner {
  const given = isObject(item) ? item.fieldsV1 : undefined
  if (!isObject(item) || !isObject(given)) {
    return { item, before: JSON.stringify(item), fields: undefined, after: '' }
  }
  const fields = internedFields(given)
  const [before, after] = textsAround(item)
  const known = ownersByText.get(fields) ?? new Map<string, StoredOwner>()
  ownersByText.set(fields, known)
  const text = before + after
  const found = known.get(text) ?? {
    item: given === fields.value ? item : { ...item, fieldsV1: fields.value },
    before,
    fields,
    after,
  }
  if (known.size >= keptTexts) known.clear()
  known.set(text, found)
  return found
}

/** What stands before the set of fields, and what behind it. */
function textsAround(item: Obj): [string, string] {
  let [before, after, isBehind] = ['{', '', false]
  for (const key of Object.keys(item)) {
    if (key === 'fieldsV1') {
      isBehind = true
      continue
    }
    const text = `${JSON.stringify(key)}:${JSON.stringify(item[key])}`
    if (isBehind) after += `,${text}`
    else before += `${text},`
  }
  return [`${before}"fieldsV1":`, `${after}}`]
}
