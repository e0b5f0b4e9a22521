/** From what doors say of their variables to doors and sinks: each sink hears of its own door's transitions alone. */
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileSink } from '#controller/outbox/file.ts'
import { httpSink } from '#controller/outbox/http.ts'
import { delivered, type Sink } from '#controller/outbox/sink.ts'
import type { Configured, Door, DoorSink, Environment } from '#doors/door.ts'
import type { Log } from '#kube/log.ts'
import type { Reach } from '#kube/reach.ts'

/** Doors as the environment sets them up; one that has no variables stays as it is. */
export function configuredDoors(doors: readonly Door[], env: Environment): readonly Configured[] {
  return doors.map((door) => door.configured?.(env) ?? { door, sinks: [], trusted: [] })
}

export function sinksOfDoors(configured: readonly Configured[], parts: SinkParts): readonly Sink[] {
  return configured.flatMap(({ door, sinks }) => {
    const tellers = sinks.flatMap((sink) => (sink.kind === 'ask' ? [] : [made(sink, parts)]))
    const askers = sinks.flatMap((sink) =>
      sink.kind === 'ask' ? [asking(sink, tellers, parts)] : [],
    )
    return [...tellers, ...askers].map((sink) => onlyOf(door, sink))
  })
}

type SinkParts = { readonly reach: Reach; readonly now: () => number; readonly log: Log }
type Ask = Extract<DoorSink, { kind: 'ask' }>

/** One question for each transition, never repeated: who does not answer in time has nothing to say about it. */
function asking(
  { name, question, answered }: Ask,
  tellers: readonly Sink[],
  { reach, log }: SinkParts,
): Sink {
  const ask = async (
    about: Parameters<Sink['attempts']>[1],
    { url, timeoutMs, body }: NonNullable<ReturnType<Ask['question']>>,
  ): Promise<void> => {
    const { object, event } = about
    const { namespace, name: release } = object.metadata
    try {
      const answer = await reach.url(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        timeoutMs,
      })
      if (answer.status < 200 || answer.status > 299) throw new Error(`answered ${answer.status}`)
      const found = answered(object, event, answer.body)
      if (found === undefined) throw new Error('its answer cannot be understood')
      log.info({ namespace, release, by: name }, found.told)
      const messages = { kubernetes: [], http: [], file: [found.line] }
      for (const teller of tellers)
        for (const attempt of teller.attempts(messages, about)) await attempt()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      log.warn({ namespace, release, by: name, why }, 'the question was not answered')
    }
  }
  return {
    name,
    atOnce: 4,
    attempts: (_, about) => {
      const asked = question(about.object, about.event)
      if (asked === undefined) return []
      return [() => ask(about, asked).then(() => delivered)]
    },
  }
}

/** Hosts, for the guard of addresses. */
export function trustedHosts(configured: readonly Configured[]): readonly string[] {
  return configured.flatMap(({ trusted }) =>
    trusted.flatMap((url) => {
      const full = /^\w+:\/\//.test(url) ? url : `http://${url}`
      return URL.canParse(full) ? [new URL(full).hostname] : []
    }),
  )
}

function made(sink: Exclude<DoorSink, Ask>, { reach, now }: SinkParts): Sink {
  const { name } = sink
  if (sink.kind === 'http') {
    const { url, of } = sink
    return { ...httpSink({ url, of, reach, token: undefined, now }), name }
  }
  const { folder, file, maxBytes, kept } = sink
  const path = 'path' in folder ? folder.path : join(tmpdir(), folder.temporary)
  const inner = fileSink({ path: join(path, file), maxBytes, kept })
  const attempts: Sink['attempts'] = (messages, about) =>
    inner.attempts(messages, about).map((attempt) => async () => {
      await mkdir(path, { recursive: true }).catch(() => undefined)
      return attempt()
    })
  return { ...inner, name, attempts }
}

function onlyOf({ kind }: Door, sink: Sink): Sink {
  return {
    ...sink,
    attempts: (messages, about) => {
      const [group] = about.object.apiVersion.split('/')
      const own = group === kind.group && about.object.kind === kind.kind
      return own ? sink.attempts(messages, about) : []
    },
  }
}
