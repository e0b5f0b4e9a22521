/**
 * The way between one instance and the API server: everything that can happen to a request or a stream happens here.
 * The instance dies with it: a killed wire never answers again.
 */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { HttpRequest, HttpResponse, SendOptions, Transport } from '#kube/http.ts'
import { TextBody, textOf } from '#local/api-server/answer.ts'
import type { ProcessClock } from './clocks.ts'
import type { Cluster } from './cluster.ts'
import { isMutating } from './crash-points.ts'
import { watchAt } from './past.ts'
import type { FaultKind, Strike } from './plan.ts'
import type { Dice } from './random.ts'
import { injected, refusalFor } from './replies.ts'
import type { Told } from './told.ts'
import type { Cause } from './truth.ts'
import { type About, aboutOf } from './wire-request.ts'
import { type Pipe, watchPipe } from './wire-watch.ts'

export type Wire = Transport & {
  readonly told: Told
  /** The process is gone: nothing under way is answered, and its streams end at the server. */
  readonly kill: () => void
  /** Every stream that is open is told that its version is gone. */
  readonly expireStreams: () => void
  readonly endStreams: () => void
}

export type WireParts = {
  readonly cluster: Cluster
  readonly life: string
  readonly clock: ProcessClock
  readonly dice: Dice
  readonly latencyMs: number
  readonly told: Told
  readonly mayRepeat: boolean
  readonly strike: (fault: FaultKind) => Strike | undefined
  /** Asked for each write that is about to be applied: whether the process dies around it, and how. */
  readonly crash: (about: About) => 'before' | 'applied' | 'after' | undefined
  readonly die: () => void
  /** Told of each write and its answer, for the rules on what may be sent. */
  readonly sent: (cause: Cause, about: About) => void
  readonly answered: (cause: Cause, about: About, status: number, revision: number) => void
}

/** A new one for each who waits: whoever waits for one that is shared is never let go of. */
const never = (): Promise<never> => new Promise<never>(() => undefined)

export function wireOf(parts: WireParts): Wire {
  const pipes = new Map<Pipe, AbortController>()
  const sent = new Set<string>()
  let dead = false
  const world = parts.cluster.time.clock

  const pass = async (ms: number): Promise<void> => {
    if (ms > 0) await new Promise<void>((resolve) => world.after(ms, resolve))
    for (let held = parts.clock.thawed(); held !== undefined; held = parts.clock.thawed())
      await held
    if (dead) await never()
  }
  const latency = (): number => {
    const slow = parts.strike('slow')
    const more = slow === undefined ? 0 : parts.dice.whole(0, 300 + (slow.variant % 3000))
    return parts.dice.whole(0, parts.latencyMs) + more
  }

  const send = async (request: HttpRequest, options: SendOptions = {}): Promise<HttpResponse> => {
    if (dead) return never()
    const about = aboutOf(request)
    const cause: Cause = {
      actor: parts.life,
      ours: true,
      method: request.method,
      path: request.path,
      body: request.body ?? '',
      issuedAt: world.monotonic(),
      told: parts.told.views(),
    }
    // A request that is repeated, since the server asked for patience, is no new decision.
    const text = `${cause.method} ${cause.path} ${cause.body}`
    if (isMutating(about) && !sent.has(text)) parts.sent(cause, about)
    sent.add(text)
    await pass(latency())
    if (options.signal?.aborted === true) return never()
    const refusal = refusalFor(parts, about, options)
    if (refusal === 'silence') return never()
    if (refusal === 'broken') throw new Error('connect ECONNREFUSED')
    if (refusal !== undefined) return refusal
    if (about.isWatch) return openWatch(request, about, options)
    const marked = parts.strike('admission')?.variant ?? 0
    const asked = marked % 3 === 2 ? injected(request, about) : request
    return perform(asked, about, cause, options.signal)
  }

  const perform = async (
    request: HttpRequest,
    about: About,
    cause: Cause,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse> => {
    const cut = about.isWrite && !about.isDryRun ? parts.crash(about) : undefined
    if (cut === 'before') {
      parts.die()
      return never()
    }
    const response = await parts.cluster.serve(paged(request, parts), cause)
    const text = await textOf(response)
    if (cut === 'applied') {
      parts.die()
      return never()
    }
    const lost = about.isWrite && parts.strike('timed-out') !== undefined && parts.dice.chance(0.6)
    if (lost && cut === undefined) return never()
    if (!about.isWrite && response.status === 200) listed(about, text)
    await pass(latency())
    const heard = signal?.aborted !== true
    if (heard && about.isWrite && !about.isDryRun) {
      parts.answered(cause, about, response.status, revisionIn(text))
    }
    if (cut === 'after') {
      // The answer is read, and what follows from it begins; then the process dies.
      world.after(0, parts.die)
    }
    const date = new Date(world.now()).toUTCString()
    return { ...response, headers: { date, ...response.headers }, body: new TextBody(text) }
  }

  const pages: KubeObject[] = []
  const listed = ({ shelf, name, query }: About, text: string): void => {
    if (shelf === undefined || name !== undefined) return
    if (!query.includes('continue=')) pages.length = 0
    const list = JSON.parse(text) as { metadata: { continue?: string }; items: KubeObject[] }
    pages.push(...list.items)
    if (list.metadata.continue === undefined) parts.told.list(shelf, [...pages])
  }

  const openWatch = async (
    request: HttpRequest,
    about: About,
    options: SendOptions,
  ): Promise<HttpResponse> => {
    const leaving = new AbortController()
    let lastDue = 0
    const initial = about.query.includes('sendInitialEvents=true')
    const see = about.shelf === undefined ? undefined : parts.told.stream(about.shelf, initial)
    const pipe = watchPipe({
      dice: parts.dice,
      strike: parts.strike,
      latencyMs: latency(),
      shelf: about.shelf,
      mayRepeat: parts.mayRepeat,
      arrived: (line) => see?.(line),
      later: (ms, callback) => {
        const due = Math.max(lastDue, world.monotonic() + ms)
        lastDue = due
        const wait = due - world.monotonic()
        const run = (): void => {
          const held = parts.clock.thawed()
          if (held !== undefined) void held.then(run)
          else if (!dead) callback()
        }
        if (wait <= 0) run()
        else world.after(wait, run)
      },
      closed: () => {
        pipes.delete(pipe)
        leaving.abort()
      },
    })
    pipes.set(pipe, leaving)
    options.signal?.addEventListener('abort', () => leaving.abort(), { once: true })
    const travel = initial ? parts.strike('time-travel') : undefined
    const response =
      travel === undefined
        ? await parts.cluster.watch(request, leaving.signal)
        : await watchAt(parts.cluster, request, about, travel, leaving.signal)
    if (response.status !== 200) return response
    void pump(response, pipe)
    return { ...response, body: pipe }
  }

  return {
    send,
    told: parts.told,
    close: async () => {
      for (const [pipe, leaving] of [...pipes]) {
        leaving.abort()
        pipe.end()
      }
    },
    kill: () => {
      dead = true
      for (const leaving of pipes.values()) leaving.abort()
      pipes.clear()
    },
    expireStreams: () => {
      for (const pipe of [...pipes.keys()]) pipe.expire()
    },
    endStreams: () => {
      for (const pipe of [...pipes.keys()]) pipe.end()
    },
  }
}

async function pump(response: HttpResponse, pipe: Pipe): Promise<void> {
  for await (const chunk of response.body) pipe.push(chunk as string)
  pipe.end()
}

const version = /"resourceVersion":"(\d+)"/

function revisionIn(text: string): number {
  return Number(version.exec(text)?.[1] ?? 0)
}

/** Short pages while lists are to break in the middle. */
function paged(request: HttpRequest, { strike }: WireParts): HttpRequest {
  const isPaged = strike('gone') !== undefined && request.path.includes('limit=')
  return isPaged ? { ...request, path: request.path.replace(/limit=\d+/, 'limit=1') } : request
}
