/** Header fields on their way through: hop-by-hop fields end here, the forwarded ones are added, changes applied. */
import type { Cookie, HeaderChange, RequestView, Scheme } from './table.ts'

/** By name in lower case, the name as it was written and all its values in order. */
export type Fields = Map<string, { name: string; values: string[] }>

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** The end-to-end fields of a message, duplicates and spelling kept; HTTP/2's pseudo fields are left out. */
export function endToEnd(rawHeaders: readonly string[]): Fields {
  const fields: Fields = new Map()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']
    if (!name.startsWith(':')) append(fields, name, value)
  }
  const named = fields.get('connection')?.values.join(',').toLowerCase().split(',') ?? []
  for (const name of [...hopByHop, ...named]) fields.delete(name.trim())
  return fields
}

/** The fields of a request as its backend gets them. The Host stays the client's. */
export function requestFields(asked: {
  readonly rawHeaders: readonly string[]
  readonly client: string
  readonly scheme: Scheme
  readonly authority: string
}): Fields {
  const fields = endToEnd(asked.rawHeaders)
  // This server has answered "100 Continue" itself by the time the request is passed on.
  fields.delete('expect')
  // HTTP/2 may cut the field into crumbs; in HTTP/1.1 there may be only one.
  const cookies = fields.get('cookie')?.values ?? []
  if (cookies.length > 1) setField(fields, 'cookie', cookies.join('; '))
  const before = fields.get('x-forwarded-for')?.values ?? []
  setField(fields, 'x-forwarded-for', [...before, asked.client].join(', '))
  if (!fields.has('x-forwarded-proto')) setField(fields, 'x-forwarded-proto', asked.scheme)
  if (!fields.has('x-forwarded-host')) setField(fields, 'x-forwarded-host', asked.authority)
  return fields
}

export function setField(fields: Fields, name: string, value: string): void {
  fields.set(name.toLowerCase(), { name, values: [value] })
}

/** In the order of the Gateway API: set, add, remove. */
export function applyChange(fields: Fields, { set, add, remove }: HeaderChange): void {
  for (const [name, value] of set) setField(fields, name, value)
  for (const [name, value] of add) append(fields, name, value)
  for (const name of remove) fields.delete(name)
}

/** As node wants them. */
export function outgoing(fields: Fields): Record<string, string | string[]> {
  return Object.fromEntries(
    [...fields.values()].map(({ name, values }) => [
      name,
      values.length === 1 ? (values[0] ?? '') : values,
    ]),
  )
}

export function addCookie(fields: Fields, cookie: Cookie, value: string): void {
  const parts = [
    `${cookie.name}=${value}`,
    `Path=${cookie.path ?? '/'}`,
    ...(cookie.domain === undefined ? [] : [`Domain=${cookie.domain}`]),
    ...(cookie.maxAge === undefined ? [] : [`Max-Age=${cookie.maxAge}`]),
    ...(cookie.sameSite === undefined ? [] : [`SameSite=${cookie.sameSite}`]),
    ...(cookie.secure === true ? ['Secure'] : []),
    'HttpOnly',
  ]
  append(fields, 'set-cookie', parts.join('; '))
}

/** One header of a request as text; a repeated one is joined, as the standards say. */
export function headerOf({ headers }: Pick<RequestView, 'headers'>, name: string) {
  const value = headers[name]
  return typeof value === 'string' || value === undefined
    ? value
    : value.join(name === 'cookie' ? '; ' : ',')
}

/** The value of one cookie of a request. */
export function cookieOf(request: Pick<RequestView, 'headers'>, name: string): string | undefined {
  for (const pair of (headerOf(request, 'cookie') ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

function append(fields: Fields, name: string, value: string): void {
  const known = fields.get(name.toLowerCase())
  if (known === undefined) fields.set(name.toLowerCase(), { name, values: [value] })
  else known.values.push(value)
}
