/** One watch stream on its way to an instance: delayed, cut, twisted or silenced as the weather has it. */
import type { FaultKind, Strike } from './plan.ts'
import type { Dice } from './random.ts'
import { unknownName } from './told.ts'

export type Pipe = AsyncIterable<Uint8Array | string> & {
  readonly push: (text: string) => void
  readonly end: () => void
  /** From now on nothing passes, and nobody is told. */
  readonly mute: () => void
  /** Tells the reader that its version is gone, and ends. */
  readonly expire: () => void
  readonly isOver: () => boolean
}

export type PipeParts = {
  readonly dice: Dice
  readonly strike: (fault: FaultKind) => Strike | undefined
  /** Calls back after so many milliseconds, never out of order. */
  readonly later: (ms: number, callback: () => void) => void
  readonly latencyMs: number
  readonly shelf: string | undefined
  /** Whether lines may be wanted again. */
  readonly mayRepeat: boolean
  /** Told of every line that arrives unspoilt. */
  readonly arrived: (line: string) => void
  readonly closed: () => void
}

const gone =
  '{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}}\n'

export function watchPipe(parts: PipeParts): Pipe {
  const ready: (Uint8Array | string)[] = []
  let wake: (() => void) | undefined
  let ended = false
  let muted = false
  const earlier = new Map<string, string>()
  const remember = (line: string): void => {
    const name = nameIn(line)
    if (name !== undefined && !line.startsWith('{"type":"DELETED"')) earlier.set(name, line)
  }
  const deliver = (chunk: Uint8Array | string | undefined): void => {
    if (ended) return
    if (chunk === undefined) ended = true
    else ready.push(chunk)
    wake?.()
  }
  const send = (text: string | undefined): void => {
    const stale = parts.strike('stale')
    const lag = stale === undefined ? 0 : 500 + ((stale.variant * 1700) % 9000)
    const only = stale !== undefined && stale.variant % 3 === 1
    const delay = only && parts.shelf !== 'releases' ? 0 : lag
    parts.later(parts.latencyMs + delay, () => {
      if (muted) return
      if (text === undefined) return deliver(undefined)
      const { chunks, lines, ends } = spoil(text, { ...parts, earlier })
      if (parts.mayRepeat) for (const line of lines) remember(line)
      for (const line of lines) parts.arrived(line)
      for (const chunk of chunks) deliver(chunk)
      if (ends) end()
    })
  }
  const end = (): void => {
    deliver(undefined)
    parts.closed()
  }
  async function* read(): AsyncGenerator<Uint8Array | string> {
    try {
      for (;;) {
        const next = ready.shift()
        if (next !== undefined) yield next
        else if (ended) return
        else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    } finally {
      ended = true
      parts.closed()
    }
  }
  return {
    [Symbol.asyncIterator]: read,
    push: (text) => {
      if (parts.strike('half-open') !== undefined) muted = true
      if (!muted) send(text)
    },
    end: () => send(undefined),
    mute: () => {
      muted = true
    },
    expire: () => {
      if (!muted) deliver(gone)
      end()
    },
    isOver: () => ended,
  }
}

type Spoilt = {
  readonly chunks: readonly (Uint8Array | string)[]
  /** Lines that the reader will understand. */
  readonly lines: readonly string[]
  readonly ends: boolean
}

/** The last line about each object, by name. */
type Earlier = { readonly earlier: ReadonlyMap<string, string> }

/** Initial lists pass untouched: a list that lies is no list. */
function spoil(text: string, parts: PipeParts & Earlier): Spoilt {
  const { strike, dice } = parts
  const fine = (list: readonly string[]): Spoilt => ({
    chunks: list.length === 0 ? [] : [`${list.join('\n')}\n`],
    lines: list,
    ends: false,
  })
  const lines = text.split('\n').filter((line) => line !== '')
  const lossy = strike('lost-events')
  if (lossy !== undefined) {
    const kept = lines.filter((line) =>
      lossy.variant % 2 === 0 ? dice.chance(0.5) : !line.startsWith('{"type":"DELETED"'),
    )
    return fine(kept)
  }
  const twisted = strike('twisted-events')
  if (twisted !== undefined) return fine(twist(lines, twisted.variant, parts.earlier))
  const malformed = strike('malformed')
  if (malformed !== undefined) return mangled(lines, malformed.variant)
  return fine(lines)
}

function twist(
  lines: readonly string[],
  variant: number,
  earlier: ReadonlyMap<string, string>,
): readonly string[] {
  switch (variant % 5) {
    case 0:
      return lines.flatMap((line) => [line, line])
    case 1:
      return lines.map((line) => line.replace('{"type":"MODIFIED"', '{"type":"ADDED"'))
    case 2:
      // Objects nobody ever heard of are deleted.
      return lines.flatMap((line) =>
        line.startsWith('{"type":"BOOKMARK"') ? [line] : [line, ofNobody(line)],
      )
    case 3:
      // What was told of the same object before is told again.
      return lines.flatMap((line) => {
        const before = earlier.get(nameIn(line) ?? '')
        return before === undefined ? [line] : [line, before]
      })
    default:
      // Of each object only the last of what came together.
      return lines.filter((line, index) => {
        const name = nameIn(line)
        return name === undefined || !lines.slice(index + 1).some((later) => nameIn(later) === name)
      })
  }
}

function ofNobody(line: string): string {
  const { object } = JSON.parse(line) as { object: { metadata: object } }
  const metadata = { ...object.metadata, name: unknownName, uid: unknownName }
  return JSON.stringify({ type: 'DELETED', object: { ...object, metadata } })
}

function nameIn(line: string): string | undefined {
  if (line.startsWith('{"type":"BOOKMARK"')) return undefined
  return (JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name
}

/** A bookmark of five megabytes: as large as a line may ever be, and harmless. */
function grown(line: string): string {
  const big = `"annotations":{"big":"${'x'.repeat(5 * 1024 * 1024)}"},`
  return `${line.replace('"metadata":{', `"metadata":{${big}`)}\n`
}

function mangled(lines: readonly string[], variant: number): Spoilt {
  const whole = `${lines.join('\n')}\n`
  switch (variant % 5) {
    case 4: {
      const head = lines.find((line) => line.startsWith('{"type":"BOOKMARK"'))
      return { chunks: [whole, ...(head === undefined ? [] : [grown(head)])], lines, ends: false }
    }
    case 0:
      return {
        chunks: [`${whole}{"type":"MODIFIED","object":{"kind":nonsense}}\n`],
        lines,
        ends: false,
      }
    case 1: {
      const first = lines.slice(0, -1)
      const cut = (lines.at(-1) ?? '').slice(0, 40)
      return { chunks: [[...first, cut].join('\n')], lines: first, ends: true }
    }
    case 2: {
      // Cut anywhere, within a character where there is one of several bytes.
      const bytes = Buffer.from(whole)
      const at = Math.max(1, bytes.findIndex((byte) => byte >= 0x80) + 1)
      return { chunks: [bytes.subarray(0, at), bytes.subarray(at)], lines, ends: false }
    }
    default:
      return { chunks: ['\n\n', whole, '"just a text"\n'], lines, ends: false }
  }
}
