/** What tells the requests of a candidate, as it is written in a Release: schema and reading. */
import type { Match } from '../model/app.ts'
import type { Notes } from './notes.ts'
import { object, text } from './schema-parts.ts'

/** Exactly one of header and cookie. */
export type ReleaseMatch = {
  readonly header?: { readonly name: string; readonly value: string; readonly regex?: boolean }
  readonly cookie?: { readonly name: string; readonly value: string }
}

const token = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
const named = (description: string) => text(description, { minLength: 1, pattern: token })

export const matchSchema = object(
  {
    header: object(
      {
        name: named('Name of the header.'),
        value: text('Its value, or a pattern of it.', { minLength: 1, maxLength: 1024 }),
        regex: { type: 'boolean', description: 'The value is an RE2 pattern of the whole.' },
      },
      { required: ['name', 'value'] },
    ),
    cookie: object(
      {
        name: named('Name of the cookie.'),
        value: text('Its value.', { minLength: 1, maxLength: 1024 }),
      },
      { required: ['name', 'value'] },
    ),
  },
  { oneOf: [{ required: ['header'] }, { required: ['cookie'] }] },
)

export function readMatch(given: ReleaseMatch, path: string, notes: Notes): Match {
  const { header, cookie } = given
  if ((header === undefined) === (cookie === undefined))
    notes.add(path, 'must have exactly one of header and cookie')
  const { name, value } = header ?? cookie ?? { name: 'x', value: 'x' }
  if (cookie !== undefined && /[;,\s"\\]/.test(cookie.value))
    notes.add(`${path}.cookie.value`, 'cannot be the value of a cookie')
  if (header === undefined) return { kind: 'cookie', name, value }
  return { kind: 'header', name, value, regex: header.regex ?? false }
}
