/** Plays cases against a server, whichever it is, and tells what came back in comparable form. */
import type { HttpRequest, HttpResponse, Transport } from '#kube/http.ts'
import type { Case, Step } from './case.ts'
import { normalise, type Outcome } from './normalise.ts'

/** A server to play against. */
export type Target = {
  /** As the admin, as nobody, and with a token that nobody has. */
  readonly admin: Transport
  readonly none: Transport
  readonly wrong: Transport
  /** Webhooks that answer both servers alike. */
  readonly hooks: { readonly url: string; readonly caBundle: string }
}

const waitMs = 10_000
const eventMs = 8_000

/** Plays one case; `number` tells its names from those of all others. */
export async function play(target: Target, one: Case, number: number): Promise<readonly Outcome[]> {
  const digits = String(number).padStart(4, '0')
  const namespace = `space-${digits}`
  const id = `own-${digits}`
  const text = JSON.stringify(one.steps)
  const { admin, hooks } = target
  if (text.includes('$ns')) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
    await answered(admin, { method: 'POST', path: '/api/v1/namespaces', body })
    // Pods want it, and no controller makes it here; without automount no volume of a random name gets into them.
    const account = { metadata: { name: 'default' }, automountServiceAccountToken: false }
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
    await answered(admin, { method: 'POST', path: accounts, body: account })
  }
  const names = [
    [namespace, '$ns'],
    [id, '$id'],
    [hooks.url, '$hook'],
    [hooks.caBundle, '$ca'],
  ] as const
  const saved = new Map<string, unknown>()
  const outcomes: Outcome[] = []
  for (const step of one.steps) {
    const filled = fill(step, names, saved)
    const outcome = await perform(target, filled)
    if (step.save !== undefined) saved.set(step.save, outcome.body)
    if (step.until === undefined) outcomes.push(omitted(picked(outcome, step.pick), step.omit))
  }
  return normalise(outcomes, names)
}

function fill(
  step: Step,
  names: readonly (readonly [string, string])[],
  saved: ReadonlyMap<string, unknown>,
): Step {
  let text = JSON.stringify(step)
  for (const [name, mark] of names) text = text.replaceAll(mark, name)
  text = text.replace(/<(\w+)((?:\.\w+)+)>/g, (whole, name: string, path: string) => {
    if (!saved.has(name)) return whole
    let value = saved.get(name)
    for (const key of path.slice(1).split('.')) {
      value = (value as Record<string, unknown> | undefined)?.[key]
    }
    return JSON.stringify(String(value)).slice(1, -1)
  })
  return JSON.parse(text) as Step
}

async function perform(target: Target, step: Step): Promise<Outcome> {
  const transport = target[step.token ?? 'admin']
  if (step.take !== undefined) return watched(transport, step, step.take)
  if (step.until === undefined) return answered(transport, step)
  const { status, says = '' } = step.until
  const deadline = performance.now() + waitMs
  for (;;) {
    const outcome = await answered(transport, step)
    const said = outcome.status === status && JSON.stringify(outcome.body).includes(says)
    if (said) return outcome
    if (performance.now() > deadline) {
      throw new Error(
        `${step.method} ${step.path} was never answered with ${status} ${says}, last with ${JSON.stringify(outcome)}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function picked(outcome: Outcome, members: readonly string[] | undefined): Outcome {
  if (members === undefined) return outcome
  const body = outcome.body as Readonly<Record<string, unknown>>
  return { ...outcome, body: Object.fromEntries(members.map((name) => [name, body[name]])) }
}

function omitted(outcome: Outcome, names: readonly string[] | undefined): Outcome {
  if (names === undefined) return outcome
  const kept = (list: unknown): unknown =>
    Array.isArray(list)
      ? list.filter(({ name, version }) => !names.includes(String(name ?? version)))
      : list
  const body = outcome.body as Readonly<Record<string, unknown>>
  return {
    ...outcome,
    body: Object.fromEntries(Object.entries(body).map(([key, value]) => [key, kept(value)])),
  }
}

function requestOf({ method, path, body, headers = {} }: Step): HttpRequest {
  const text =
    body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  const typed = body === undefined ? {} : { 'content-type': 'application/json' }
  const all = { accept: 'application/json', 'user-agent': 'conformance/1', ...typed, ...headers }
  return { method, path, headers: all, ...text }
}

async function answered(transport: Transport, step: Step): Promise<Outcome> {
  const response = await transport.send(requestOf(step))
  return { ...(await outcomeOf(response)) }
}

async function outcomeOf(response: HttpResponse): Promise<Outcome> {
  const chunks: Buffer[] = []
  for await (const chunk of response.body) chunks.push(Buffer.from(chunk))
  const text = Buffer.concat(chunks).toString('utf8')
  const { warning } = response.headers
  return {
    status: response.status,
    body: parsed(text),
    ...(warning === undefined ? {} : { warning }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function watched(transport: Transport, step: Step, take: number): Promise<Outcome> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), eventMs)
  try {
    const response = await transport.send(requestOf(step), { lane: 'watch', signal: stop.signal })
    if (response.status !== 200) return await outcomeOf(response)
    return { status: 200, events: await eventsOf(response, take) }
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
}

async function eventsOf(response: HttpResponse, take: number): Promise<readonly unknown[]> {
  const events: unknown[] = []
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of response.body) {
      rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) events.push(JSON.parse(line))
      if (events.length >= take) break
    }
  } catch {
    // Too few events came in time; what came is compared all the same.
  }
  return events.slice(0, take)
}

/** Plays all cases, several at a time. Their names are numbered from `from` on. */
export async function playAll(
  target: Target,
  all: readonly Case[],
  atOnce: number,
  from = 0,
): Promise<ReadonlyMap<string, readonly Outcome[] | Error>> {
  const traces = new Map<string, readonly Outcome[] | Error>()
  const queue = [...all.entries()]
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [number, one] = next
      traces.set(one.id, await playWithin(target, one, from + number))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return traces
}

/**
 * Plays a case within one second where that can be: owners of fields are ordered by theirs, so that a second that begins
 * midway shows in the answers of either server.
 */
async function playWithin(
  target: Target,
  one: Case,
  number: number,
): Promise<readonly Outcome[] | Error> {
  for (let time = 0; ; time += 1) {
    const began = Date.now()
    const trace = await play(target, one, number + time * anew).catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    )
    const ended = Date.now()
    const [first, last] = [began, ended].map((instant) => Math.floor(instant / 1000))
    // One that takes longer than a second has to bear it anyway.
    if (first === last || ended - began > 1000 || time === tries) return trace
  }
}

const tries = 3
/** Names of a case that is played anew are others. */
const anew = 10_000

let replays = 0

/**
 * The same traces, those of some cases played once more with nothing beside them: on a busy machine all at once take
 * longer than a second, and that shows in the answers.
 */
export async function replayed(
  target: Target,
  traces: ReadonlyMap<string, readonly Outcome[] | Error>,
  cases: readonly Case[],
): Promise<ReadonlyMap<string, readonly Outcome[] | Error>> {
  replays += 1
  return new Map([...traces, ...(await playAll(target, cases, 1, replays * 10 * anew))])
}
