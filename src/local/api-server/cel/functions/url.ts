/** URLs, absolute ones or paths, taken apart as Go takes them apart. */
import type { Bodies } from '../functions.ts'
import { EvalError, Extension, listFrom, mapFrom, type Value } from '../values.ts'

type Parts = {
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
}

class Url extends Extension {
  readonly typeName = 'kubernetes.URL'
  readonly text: string
  readonly parts: Parts

  constructor(text: string, parts: Parts) {
    super()
    this.text = text
    this.parts = parts
  }

  get size(): number {
    return 1
  }

  equals(other: Extension): boolean {
    return other instanceof Url && other.text === this.text
  }
}

/** What Go calls a control character: DEL and all below the space, and no others. */
export function hasControlCharacter(text: string): boolean {
  return Array.from(text).some((unit) => unit < ' ' || unit === '\u007f')
}

/** The parts, or what Go says of a text that is no request URI. */
export function parsedUrl(text: string): Parts | string {
  const fault = (why: string): string => `parse ${JSON.stringify(text)}: ${why}`
  if (text === '') return fault('empty url')
  if (hasControlCharacter(text)) return fault('net/url: invalid control character in URL')
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1] ?? ''
  const rest = text.slice(scheme === '' ? 0 : scheme.length + 1)
  if (!rest.startsWith('/')) {
    if (scheme === '' || rest === '') return fault('invalid URI for request')
    // Whatever follows is opaque.
    return { scheme: scheme.toLowerCase(), host: '', path: '', query: '' }
  }
  const [, authority, path = '', query = ''] =
    /^(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/.exec(
      scheme === '' && !rest.startsWith('//') ? rest : rest,
    ) ?? []
  const host = (authority ?? '').slice((authority ?? '').lastIndexOf('@') + 1)
  const badHost = hostFault(host)
  if (badHost !== undefined) return fault(badHost)
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(path)
  if (badEscape !== null) return fault(`invalid URL escape ${JSON.stringify(badEscape[0])}`)
  return { scheme: scheme.toLowerCase(), host, path, query }
}

function hostFault(host: string): string | undefined {
  const port = /:([^:\]]*)$/.exec(host.startsWith('[') ? host.slice(host.indexOf(']') + 1) : host)
  if (port !== null && !/^\d*$/.test(port[1] as string)) {
    return `invalid port ${JSON.stringify(`:${port[1]}`)} after host`
  }
  if (host.startsWith('[') && !host.includes(']')) return "missing ']' in host"
  const bad = /[ "<>\\^`{|}]/.exec(host)
  return bad === null ? undefined : `invalid character ${JSON.stringify(bad[0])} in host name`
}

function toUrl([text]: readonly Value[]): Value {
  const parts = parsedUrl(text as string)
  if (typeof parts !== 'string') return new Url(text as string, parts)
  throw new EvalError(`URL parse error during conversion from string: ${parts}`)
}

function hostname(host: string): string {
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'))
  return host.replace(/:\d*$/, '')
}

function port(host: string): string {
  const after = host.startsWith('[') ? host.slice(host.indexOf(']') + 1) : host
  return /:(\d*)$/.exec(after)?.[1] ?? ''
}

function queryOf({ query }: Parts): Value {
  const found = new Map<string, string[]>()
  for (const [key, value] of new URLSearchParams(query)) {
    found.set(key, [...(found.get(key) ?? []), value])
  }
  return mapFrom([...found].map(([key, values]) => [key, listFrom(values)] as const))
}

const unescapedPath = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]/gu

function of(read: (parts: Parts) => Value): (args: readonly Value[]) => Value {
  return ([url]) => read((url as Url).parts)
}

export const urlFunctions: Bodies = {
  string_to_url: toUrl,
  is_url_string: ([text]) => typeof parsedUrl(text as string) !== 'string',
  url_get_scheme: of(({ scheme }) => scheme),
  url_get_host: of(({ host }) => host),
  url_get_hostname: of(({ host }) => hostname(host)),
  url_get_port: of(({ host }) => port(host)),
  url_get_escaped_path: of(({ path }) => path.replace(unescapedPath, encodeURIComponent)),
  url_get_query: of(queryOf),
}
