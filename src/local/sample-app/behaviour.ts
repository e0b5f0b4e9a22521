/**
 * How a sample pod misbehaves on demand: by SAMPLE_* variables or, where a manifest cannot set any, by the end of the
 * image's tag (`v3-error20`, `v3-slow200`, `v3-neverready`, `v3-crash5`, `v3-max40`, also several). Variables win over the tag.
 */

export type Behaviour = {
  /** Per cent of the requests to `/` and `/hello` that are answered 500. */
  readonly errorRate: number
  /** Added to every answer of `/` and `/hello`, in milliseconds. */
  readonly latencyMs: number
  /** Readiness begins this long after the start. */
  readonly readyAfterMs: number
  readonly neverReady: boolean
  /** The process exits with code 1 this long after the start. */
  readonly crashAfterMs?: number
  /** Requests beyond this many at a time are answered 503. */
  readonly maxConcurrent?: number
}

/** The part of an image reference after the last colon; `latest` where there is none. */
export function tagOf(image: string): string {
  const [reference = ''] = image.split('@')
  const name = reference.slice(reference.lastIndexOf('/') + 1)
  const colon = name.indexOf(':')
  return colon < 0 ? 'latest' : name.slice(colon + 1)
}

/** Values that make no sense count as absent: a typing error in a manifest must not stop the pod. */
export function behaviourOf(
  image: string,
  env: Readonly<Record<string, string | undefined>>,
): Behaviour {
  const tag = tagMarks(tagOf(image))
  const crashAfterMs = number(env['SAMPLE_CRASH_AFTER_MS']) ?? secondsOf(tag.get('crash'))
  const maxConcurrent = number(env['SAMPLE_MAX_CONCURRENT']) ?? tag.get('max')
  return {
    errorRate: Math.min(100, number(env['SAMPLE_ERROR_RATE']) ?? tag.get('error') ?? 0),
    latencyMs: number(env['SAMPLE_LATENCY_MS']) ?? tag.get('slow') ?? 0,
    readyAfterMs: number(env['SAMPLE_READY_AFTER_MS']) ?? 0,
    neverReady: flag(env['SAMPLE_NEVER_READY']) ?? tag.has('neverready'),
    ...(crashAfterMs === undefined ? {} : { crashAfterMs }),
    ...(maxConcurrent === undefined ? {} : { maxConcurrent }),
  }
}

const mark = /-(error|slow|neverready|crash|max)(\d*)$/

/** Reads marks from the end of the tag until something else stands there. */
function tagMarks(tag: string): ReadonlyMap<string, number> {
  const marks = new Map<string, number>()
  for (let rest = tag; ; ) {
    const found = mark.exec(rest)
    if (found === null) return marks
    const [whole, name = '', digits = ''] = found
    if ((digits === '') !== (name === 'neverready')) return marks
    marks.set(name, Number(digits))
    rest = rest.slice(0, rest.length - whole.length)
  }
}

function secondsOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}

function number(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const value = Number(text)
  return Number.isFinite(value) && value >= 0 ? value : undefined
}

function flag(text: string | undefined): boolean | undefined {
  if (text === undefined || text === '') return undefined
  return !['0', 'false', 'no'].includes(text.toLowerCase())
}
