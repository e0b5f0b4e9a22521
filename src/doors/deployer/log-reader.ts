/** Reads logs from their records: whole, or followed by a watch as they grow. Any replica can, whoever writes them. */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { type LogChunk, logKind } from './kinds.ts'
import { labels } from './names.ts'

export type LogReader = {
  /** All lines, each with its newline. */
  readonly text: (namespace: string, deployment: string) => Promise<string>
  /** Tells of lines that were added; the first time of all there are. */
  readonly follow: (
    at: { readonly namespace: string; readonly deployment: string },
    tell: (text: string) => void,
  ) => Following
}

export type Following = {
  /** Resolves when all that existed when it began has been told. */
  readonly begun: Promise<void>
  /** Reads once more, so that nothing is missing that is written by now. */
  readonly catchUp: () => Promise<void>
  readonly stop: () => Promise<void>
}

export function logReader(cluster: Cluster): LogReader {
  return {
    text: async (namespace, deployment) =>
      textOf(linesOf(await chunksOf(cluster, { namespace, deployment }))),
    follow: (at, tell) => follow(cluster, at, tell),
  }
}

type At = { readonly namespace: string; readonly deployment: string }

function selected({ namespace, deployment }: At) {
  return { namespace, labelSelector: `${labels.deployment}=${deployment}` }
}

async function chunksOf(cluster: Cluster, at: At): Promise<readonly LogChunk[]> {
  const { items } = await cluster.list<LogChunk>(logKind, selected(at))
  return items
}

function follow(cluster: Cluster, at: At, tell: (text: string) => void): Following {
  const project = (object: KubeObject): LogChunk => object as LogChunk
  const cache = cluster.watch<LogChunk>(logKind, { ...selected(at), project })
  let told = 0
  let isFirst = true
  const tellOf = (chunks: Iterable<LogChunk>): void => {
    const lines = linesOf(chunks)
    // Lines are only ever added; a view that is behind has nothing new.
    if (lines.length <= told && !isFirst) return
    const text = textOf(lines.slice(told))
    told = Math.max(told, lines.length)
    isFirst = false
    tell(text)
  }
  const end = cache.subscribe(() => {
    if (!isFirst && cache.isSynced()) tellOf(cache.values())
  })
  const begun = cache.synced().then(
    () => tellOf(cache.values()),
    () => undefined,
  )
  return {
    begun,
    catchUp: async () => tellOf(await chunksOf(cluster, at)),
    stop: async () => {
      end()
      await cache.stop()
    },
  }
}

/** Up to the first part that is missing: a later one may arrive before it. */
function linesOf(chunks: Iterable<LogChunk>): readonly string[] {
  const sorted = [...chunks].sort((a, b) => a.spec.index - b.spec.index)
  const whole = sorted.filter(({ spec }, position) => spec.index === position)
  return whole.flatMap(({ spec }) => spec.lines)
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
