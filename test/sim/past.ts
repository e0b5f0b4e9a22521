/** A server that lags behind: an initial list from a while ago, and the rest later. */
import { apiVersionOf, type Kind, kinds } from '#core/k8s/kinds.ts'
import type { HttpRequest, HttpResponse } from '#kube/http.ts'
import type { Cluster } from './cluster.ts'
import type { Strike } from './plan.ts'
import type { About } from './wire-request.ts'

/** The stream of a WatchList as a server some seconds behind would send it. */
export async function watchAt(
  cluster: Cluster,
  request: HttpRequest,
  about: About,
  strike: Strike,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const behindMs = 1000 + ((strike.variant * 2300) % 20_000)
  const then = cluster.revisionAt(cluster.time.clock.monotonic() - behindMs)
  const entries = about.shelf === undefined ? undefined : cluster.store.listAt(about.storage, then)
  if (entries === undefined) return cluster.watch(request, signal)
  const kind = kindOf(about.plural)
  if (kind === undefined) return cluster.watch(request, signal)
  const head = `"kind":"${kind.kind}","apiVersion":"${apiVersionOf(kind)}"`
  const chosen = entries.filter(({ labels }) => matches(about.query, labels))
  const lines = chosen.map(({ text }) => `{"type":"ADDED","object":{${head},${text.slice(1)}}\n`)
  lines.push(
    `{"type":"BOOKMARK","object":{${head},"metadata":{"resourceVersion":"${then}","annotations":{"k8s.io/initial-events-end":"true"}}}}\n`,
  )
  const later = request.path
    .replace('sendInitialEvents=true', `resourceVersion=${then}`)
    .replace('&resourceVersionMatch=NotOlderThan', '')
  async function* body(): AsyncGenerator<string> {
    yield lines.join('')
    await new Promise<void>((resolve) => cluster.time.clock.after(3000, resolve))
    if (signal.aborted) return
    const rest = await cluster.watch({ ...request, path: later }, signal)
    for await (const chunk of rest.body) yield chunk as string
  }
  return { status: 200, headers: { 'content-type': 'application/json' }, body: body() }
}

/** Every label selector in use asks whether a label exists. */
function matches(query: string, labels: Readonly<Record<string, string>>): boolean {
  const selector = /labelSelector=([^&]+)/.exec(query)?.[1]
  return selector === undefined || decodeURIComponent(selector) in labels
}

function kindOf(plural: string): Kind | undefined {
  return Object.values(kinds).find((kind) => kind.plural === plural)
}
