/** A transport that counts: each request by verb and kind, with the time its answer came back. */
import type { HttpRequest, Transport } from '#kube/http.ts'

export type Counted = {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'
  /** Plural and subresource: `releases/status`. */
  readonly what: string
  /** When the answer was there, by `performance.now()`. */
  readonly answeredAt: number
}

export function counting(transport: Transport): {
  readonly transport: Transport
  readonly requests: Counted[]
} {
  const requests: Counted[] = []
  return {
    requests,
    transport: {
      close: transport.close,
      send: async (request, options) => {
        const response = await transport.send(request, options)
        requests.push({ ...nameOf(request), answeredAt: performance.now() })
        return response
      },
    },
  }
}

const writeVerbs = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const

function nameOf({ method, path }: HttpRequest): Omit<Counted, 'answeredAt'> {
  const [where = '', query = ''] = path.split('?')
  const parts = where.split('/').filter((part) => part !== '')
  const afterVersion = parts.slice(parts[0] === 'api' ? 2 : 3)
  const inNamespace = afterVersion[0] === 'namespaces' && afterVersion.length > 2
  const [plural = where, name, ...sub] = inNamespace ? afterVersion.slice(2) : afterVersion
  const what = [plural, ...sub].join('/')
  if (method in writeVerbs) return { verb: writeVerbs[method as keyof typeof writeVerbs], what }
  if (/(^|&)watch=(1|true)/.test(query)) return { verb: 'watch', what }
  return { verb: name === undefined ? 'list' : 'get', what }
}

/** Watches and lists are the price of running at all; all else is the price of the work. */
export function isWork({ verb }: Counted): boolean {
  return verb !== 'watch' && verb !== 'list'
}

export function isRouteWrite({ verb, what }: Counted): boolean {
  return verb === 'patch' && what === 'httproutes'
}

/** `5 × patch httproutes, …`, the most frequent first. */
export function byVerbAndKind(requests: readonly Counted[]): string {
  const counts = new Map<string, number>()
  for (const { verb, what } of requests) {
    const name = `${verb} ${what}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${count} × ${name}`)
    .join(', ')
}
