/** The local API server without sockets: what objects weigh in it, and how fast it writes and lists them. */
import { fileURLToPath } from 'node:url'
import { releaseCrd } from '#core/api/schema.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { textOf } from '#local/api-server/answer.ts'
import { startChild } from './child.ts'
import { releaseOf } from './objects.ts'
import {
  merge,
  pod,
  podName,
  podPath,
  podStatus,
  startWriter,
  strategic,
  type Writer,
} from './pods.ts'
import { kibibytes, milliseconds, type Row, spread } from './table.ts'

const heavy = 40_000
const heavyBytes = 400_000_000
const writesWanted = 10_000
const rounds = 5
const perRound = 4000
const listed = 10_000

const counted = (value: number): string => Math.round(value).toLocaleString('en')

export async function apiServerRows(): Promise<readonly Row[]> {
  return [await memoryRow(), ...(await writeRows()), await listRow()]
}

async function memoryRow(): Promise<Row> {
  const empty = await weigh(0)
  const full = await weigh(heavy)
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
  return {
    id: 'A1',
    what: `API server with ${counted(heavy)} pods, each created and then run`,
    value: `RSS ${megabytes(full.resident)} (empty ${megabytes(empty.resident)}), live heap ${megabytes(full.heap)}, ${kibibytes((full.heap - empty.heap) / heavy)} a pod`,
    target: '≤ 400 MB',
    met: full.resident <= heavyBytes,
  }
}

async function weigh(count: number): Promise<{ readonly resident: number; readonly heap: number }> {
  const path = fileURLToPath(new URL('./api-server-filled.ts', import.meta.url))
  const child = await startChild({ path, probed: true }, [String(count)], 'filled')
  try {
    const heap = await child.liveHeap()
    return { heap, resident: (await child.resident()).now }
  } finally {
    await child.stop()
  }
}

type Work = {
  readonly what: string
  readonly run: (writer: Writer, index: number, round: number) => Promise<unknown>
}

const releases = `/apis/headgate.dev/v1alpha1/namespaces/default/${kinds.release.plural}`
const at = (index: number): string => `${podPath}/${podName(index)}`

/** In this order: the later ones change what the first ones made. */
const works: readonly Work[] = [
  {
    what: 'pods created',
    run: ({ send }, index, round) => send('POST', podPath, pod(round * perRound + index)),
  },
  {
    what: 'merge patches of a pod’s status',
    run: ({ send }, index, round) => send('PATCH', `${at(index)}/status`, podStatus(round), merge),
  },
  {
    what: 'strategic merge patches of a pod’s labels',
    run: ({ send }, index, round) =>
      send('PATCH', at(index), { metadata: { labels: { round: String(round) } } }, strategic),
  },
  {
    what: 'merge patches of a release’s status, with its rules',
    run: ({ send }, index, round) => {
      const status = { phase: 'Progressing', observedGeneration: round + 2 }
      return send(
        'PATCH',
        `${releases}/r${index % releaseCount}/status`,
        { status: { ...status, replicas: index } },
        merge,
      )
    },
  },
]
const releaseCount = 500

async function writeRows(): Promise<readonly Row[]> {
  const writer = await startWriter()
  await writer.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', releaseCrd)
  for (let index = 0; index < releaseCount; index += 1) {
    await writer.send('POST', releases, releaseOf(`r${index}`, '0s'))
  }
  const rows: Row[] = []
  for (const work of works) rows.push(await rateRow(writer, work))
  return rows
}

/** By processor time of the whole process, garbage collection included. */
async function rateRow(writer: Writer, { what, run }: Work): Promise<Row> {
  const rates: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage()
    for (let index = 0; index < perRound; index += 1) await run(writer, index, round)
    const { user, system } = process.cpuUsage(before)
    rates.push((perRound * 1e6) / (user + system))
  }
  const { median, min } = spread(rates)
  return {
    id: 'A2',
    what: `API server: ${what}, a second and core`,
    value: `median ${counted(median)}, slowest round ${counted(min)}`,
    target: `≥ ${counted(writesWanted)}`,
    met: median >= writesWanted,
  }
}

async function listRow(): Promise<Row> {
  const { send } = await startWriter()
  for (let index = 0; index < listed; index += 1) await send('POST', podPath, pod(index))
  const took: number[] = []
  let bytes = 0
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now()
    bytes = (await textOf(await send('GET', podPath, undefined))).length
    took.push(performance.now() - startedAt)
  }
  const { median, max } = spread(took)
  return {
    id: 'A3',
    what: `API server: a list of ${counted(listed)} pods, ${Math.round(bytes / 1e6)} MB`,
    value: `median ${milliseconds(median)}, max ${milliseconds(max)}`,
    target: '',
    met: undefined,
  }
}
