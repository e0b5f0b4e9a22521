/**
 * The rows that can be seen, out of any number. The table says how many there are; the row that has the focus is kept
 * also where it is scrolled away, so that the focus is never lost.
 */
import { signal, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { ReleaseRowView } from './release-row.tsx'

/** Heights as styles/list.css has them. */
const wideRow = 56
const narrowRow = 126
const narrow = matchMedia('(max-width: 760px)')

/** Rows beyond each edge, so that a quick scroll shows no gaps. */
const beyond = 6

const rowHeight = signal(narrow.matches ? narrowRow : wideRow)
narrow.addEventListener('change', () => {
  rowHeight.value = narrow.matches ? narrowRow : wideRow
})

/** Where the list was left, for the way back to it. */
let leftAt: { readonly key: string | undefined; readonly scroll: number } = {
  key: undefined,
  scroll: 0,
}

type Range = { readonly from: number; readonly to: number }

export function ReleaseTable({ keys }: { readonly keys: readonly string[] }): JSX.Element {
  const body = useRef<HTMLDivElement>(null)
  const range = useSignal<Range>({ from: 0, to: 20 })
  const active = useSignal(leftAt.key)
  const height = rowHeight.value
  const place = Math.max(0, active.value === undefined ? 0 : keys.indexOf(active.value))

  const measure = (): void => {
    const top = body.current?.getBoundingClientRect().top ?? 0
    const from = Math.max(0, Math.floor(-top / height) - beyond)
    const to = Math.ceil((innerHeight - top) / height) + beyond
    const { from: oldFrom, to: oldTo } = range.peek()
    if (from !== oldFrom || to !== oldTo) range.value = { from, to }
  }
  useLayoutEffect(() => {
    measure()
    addEventListener('scroll', measure, { passive: true })
    addEventListener('resize', measure)
    return () => {
      removeEventListener('scroll', measure)
      removeEventListener('resize', measure)
    }
  }, [height])
  useReturn(active, body)

  const move = (to: number): void => {
    const index = Math.min(keys.length - 1, Math.max(0, to))
    active.value = keys[index]
    // The row is drawn first, where it was not yet.
    requestAnimationFrame(() => focusRow(body.current, index))
  }
  const { from, to } = range.value
  const shown = keys.slice(from, to).map((key, offset) => ({ key, index: from + offset }))
  const kept = keys[place]
  if (kept !== undefined && (place < from || place >= to)) shown.push({ key: kept, index: place })
  return (
    <div class="table" role="table" aria-label="Releases" aria-rowcount={keys.length + 1}>
      <HeadRow />
      <div
        ref={body}
        class="rows"
        role="rowgroup"
        style={{ height: `${keys.length * height}px` }}
        onKeyDown={(event) => {
          const next = moves(place, Math.floor(innerHeight / height) - 2)[event.key]
          if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return
          event.preventDefault()
          event.stopPropagation()
          move(next)
        }}
      >
        {shown.map(({ key, index }) => (
          <ReleaseRowView
            key={key}
            id={key}
            index={index}
            top={index * height}
            active={index === place}
          />
        ))}
      </div>
    </div>
  )
}

/** Into the rows, to the one that Tab leads to. */
export function focusRows(): void {
  document.querySelector<HTMLElement>('.row-link[tabindex="0"]')?.focus()
}

function moves(place: number, screen: number): Readonly<Record<string, number>> {
  return {
    ArrowDown: place + 1,
    j: place + 1,
    ArrowUp: place - 1,
    k: place - 1,
    PageDown: place + screen,
    PageUp: place - screen,
    Home: 0,
    End: Number.MAX_SAFE_INTEGER,
  }
}

function focusRow(body: HTMLElement | null, index: number): void {
  const link = body?.querySelector<HTMLElement>(`[aria-rowindex="${index + 2}"] .row-link`)
  link?.focus({ preventScroll: true })
  link?.closest('.row')?.scrollIntoView({ block: 'nearest' })
}

/** Coming back from a release, the list stands where it was and the focus is on that release. */
function useReturn(
  active: { value: string | undefined },
  body: { readonly current: HTMLElement | null },
): void {
  useLayoutEffect(() => {
    if (leftAt.key !== undefined) {
      scrollTo(0, leftAt.scroll)
      requestAnimationFrame(() =>
        body.current?.querySelector<HTMLElement>('.row-link[tabindex="0"]')?.focus({
          preventScroll: true,
        }),
      )
    }
  }, [])
  useEffect(() => {
    const leave = (event: Event): void => {
      const { target } = event
      const link = target instanceof Element ? target.closest('.row-link') : null
      if (link instanceof HTMLElement) {
        active.value = link.dataset['key']
        leftAt = { key: link.dataset['key'], scroll: scrollY }
      }
    }
    const rows = body.current
    rows?.addEventListener('click', leave)
    return () => rows?.removeEventListener('click', leave)
  }, [])
}

function HeadRow(): JSX.Element {
  return (
    <div role="rowgroup">
      <div class="row-head" role="row" aria-rowindex={1}>
        {['Release', 'Version', 'Phase', 'Traffic', 'Step', 'Why', 'For'].map((words) => (
          <span key={words} role="columnheader">
            {words}
          </span>
        ))}
      </div>
    </div>
  )
}
