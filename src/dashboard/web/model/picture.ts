/**
 * What the server said last. Each row is a signal of its own, so that a change draws one row anew and not the list; what
 * arrives within a frame is taken in together.
 */
import { batch, computed, type Signal, signal } from '@preact/signals'
import type { ReleaseDetail, ReleaseId, ReleaseRow, StreamEvents } from '../../wire.ts'
import { setClock } from './clock.ts'
import { keyOf } from './filter.ts'

const rows = new Map<string, Signal<ReleaseRow>>()

/** Counts up whenever any row came, changed or went. */
const generation = signal(0)

/** False until the server has told of all releases once. */
export const known = signal(false)

const detail = signal<ReleaseDetail | undefined>(undefined)

export const allRows = computed<readonly ReleaseRow[]>(() => {
  void generation.value
  return [...rows.values()].map((row) => row.peek())
})

export const namespaces = computed(() => distinct(allRows.value.map((row) => row.namespace)))
export const doors = computed(() => distinct(allRows.value.map(({ door }) => door)))

export function rowOf(key: string): Signal<ReleaseRow> | undefined {
  return rows.get(key)
}

/** The row, also where it is only to come. */
export function listedRow(key: string): ReleaseRow | undefined {
  void generation.value
  return rows.get(key)?.value
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort()
}

let waiting: { readonly name: keyof StreamEvents; readonly act: () => void }[] = []

/** A hidden page draws no frames, and still has to keep up. */
function soon(act: () => void): void {
  if (document.hidden) setTimeout(act, 250)
  else requestAnimationFrame(act)
}

/** Takes one event of the stream in. */
export function hear<K extends keyof StreamEvents>(name: K, data: StreamEvents[K]): void {
  waiting.push({ name, act: () => take[name](data) })
  if (waiting.length > 1) return
  soon(() => {
    const acts = waiting
    waiting = []
    batch(() => acts.forEach(({ act }) => act()))
  })
}

const take: { readonly [K in keyof StreamEvents]: (data: StreamEvents[K]) => void } = {
  rows: (all) => {
    const here = new Set(all.map(keyOf))
    for (const key of rows.keys()) if (!here.has(key)) rows.delete(key)
    all.forEach(put)
    known.value = true
    generation.value += 1
  },
  changed: (some) => {
    some.forEach(put)
    generation.value += 1
  },
  gone: (some) => {
    for (const id of some) {
      rows.delete(keyOf(id))
      if (detailOf(id) !== undefined) detail.value = undefined
    }
    generation.value += 1
  },
  detail: (one) => {
    detail.value = one
  },
  missing: (id) => {
    if (detailOf(id) !== undefined) detail.value = undefined
  },
  tick: (at) => setClock(at.now),
}

function put(row: ReleaseRow): void {
  const key = keyOf(row)
  const there = rows.get(key)
  if (there === undefined) rows.set(key, signal(row))
  else there.value = row
}

/** Whoever signs out, or looks at another release, leaves nothing of the picture behind. */
export function forget(what: 'all' | 'detail'): void {
  detail.value = undefined
  // What was heard of the list is not told again.
  waiting = what === 'detail' ? waiting.filter(({ name }) => name !== 'detail') : []
  if (what === 'detail') return
  rows.clear()
  known.value = false
  generation.value += 1
}

/** The detail, if it is of this release. */
export function detailOf(id: ReleaseId): ReleaseDetail | undefined {
  const one = detail.value
  return one !== undefined && keyOf(one) === keyOf(id) ? one : undefined
}
