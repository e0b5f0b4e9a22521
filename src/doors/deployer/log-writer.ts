/** Writes logs, line by line, each durable before the work goes on. The leader alone writes. */
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import type { Clock } from '#kube/ports.ts'
import { type DeploymentRecord, type LogChunk, logKind, recordVersion } from './kinds.ts'
import { addLines, logLine } from './log-lines.ts'
import { labels, ofDoor } from './names.ts'

export type LogWriter = {
  /**
   * Adds lines. Of `once`, those are left out whose words stand in the log already: what is done again after a crash is
   * told once.
   */
  readonly add: (of: LogOwner, texts: readonly string[], how?: 'once') => Promise<void>
  /** What is remembered of a log is let go of. */
  readonly forget: (id: string) => void
}

export type LogOwner = Pick<DeploymentRecord['metadata'], 'name' | 'namespace' | 'uid'>

type Known = { readonly chunks: readonly LogChunk[] }

const timeLength = '2026-01-01T00:00:00.000Z '.length

export function logWriter(cluster: Cluster, clock: Clock): LogWriter {
  const known = new Map<string, Known>()
  const load = async ({ name, namespace = 'default' }: LogOwner): Promise<Known> => {
    const labelSelector = `${labels.deployment}=${name}`
    const { items } = await cluster.list<LogChunk>(logKind, { namespace, labelSelector })
    return { chunks: [...items].sort((a, b) => a.spec.index - b.spec.index) }
  }
  const add: LogWriter['add'] = async (of, texts, how) => {
    const { chunks } = known.get(of.name) ?? (await load(of))
    const said = new Set(
      how === 'once'
        ? chunks.flatMap(({ spec }) => spec.lines.map((line) => line.slice(timeLength)))
        : [],
    )
    const lines = texts.filter((text) => !said.has(text)).map((text) => logLine(clock.now(), text))
    known.set(of.name, { chunks })
    if (lines.length === 0) return
    const last = chunks.at(-1)
    const first = last?.spec.index ?? 0
    const [grown = [], ...begun] = addLines(last?.spec.lines ?? [], lines)
    try {
      const written =
        last === undefined
          ? await cluster.create<LogChunk>(logKind, chunkOf(of, first, grown))
          : await cluster.replace<LogChunk>(logKind, {
              ...last,
              spec: { ...last.spec, lines: grown },
            })
      const rest: LogChunk[] = []
      for (const [offset, part] of begun.entries())
        rest.push(await cluster.create<LogChunk>(logKind, chunkOf(of, first + offset + 1, part)))
      known.set(of.name, { chunks: [...chunks.slice(0, -1), written, ...rest] })
    } catch (error) {
      // Somebody led for a moment meanwhile: what stands there now is read anew.
      known.delete(of.name)
      if (!isKube(error, 'Conflict', 'AlreadyExists', 'NotFound')) throw error
      await add(of, texts, 'once')
    }
  }
  return { add, forget: (id) => void known.delete(id) }
}

function chunkOf(of: LogOwner, index: number, lines: readonly string[]): LogChunk {
  const { name, namespace = 'default', uid } = of
  return {
    apiVersion: recordVersion,
    kind: logKind.kind,
    metadata: {
      name: `${name}-${index}`,
      namespace,
      labels: { ...ofDoor, [labels.deployment]: name },
      ...(uid === undefined
        ? {}
        : {
            ownerReferences: [{ apiVersion: recordVersion, kind: 'AppDeployment', name, uid }],
          }),
    },
    spec: { deployment: name, index, lines },
  }
}
