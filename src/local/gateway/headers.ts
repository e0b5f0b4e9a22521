/** Header fields on their way through: hop-by-hop fields end here, the forwarded ones are added, changes applied. */
import type { IncomingMessage } from 'node:http'
import type { HeaderChange } from './table.ts'

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
])

/** The end-to-end fields of a message, duplicates and spelling kept. */
export function endToEnd(message: IncomingMessage): Fields {
  const named = (message.headers.connection ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  const fields: Fields = new Map()
  const { rawHeaders } = message
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']
    const key = name.toLowerCase()
    if (!hopByHop.has(key) && !named.includes(key)) append(fields, name, value)
  }
  return fields
}

/** The fields of a request as its backend gets them. The Host stays the client's. */
export function requestFields(message: IncomingMessage): Fields {
  const fields = endToEnd(message)
  // This server has answered "100 Continue" itself by the time the request is passed on.
  fields.delete('expect')
  const client = message.socket.remoteAddress ?? 'unknown'
  const before = fields.get('x-forwarded-for')?.values ?? []
  setField(fields, 'x-forwarded-for', [...before, client].join(', '))
  if (!fields.has('x-forwarded-proto')) setField(fields, 'x-forwarded-proto', 'http')
  if (!fields.has('x-forwarded-host')) {
    setField(fields, 'x-forwarded-host', message.headers.host ?? '')
  }
  if (message.headers['transfer-encoding'] !== undefined) {
    setField(fields, 'transfer-encoding', 'chunked')
  }
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

/** As node:http wants them. */
export function outgoing(fields: Fields): Record<string, string | string[]> {
  return Object.fromEntries(
    [...fields.values()].map(({ name, values }) => [
      name,
      values.length === 1 ? (values[0] ?? '') : values,
    ]),
  )
}

function append(fields: Fields, name: string, value: string): void {
  const known = fields.get(name.toLowerCase())
  if (known === undefined) fields.set(name.toLowerCase(), { name, values: [value] })
  else known.values.push(value)
}
