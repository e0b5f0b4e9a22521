/** What stands where there is nothing to show: why, and what to do. */
import type { ComponentChildren, JSX } from 'preact'
import { Mark } from './glyph.tsx'

export function Empty({
  title,
  children,
}: {
  readonly title: string
  readonly children?: ComponentChildren
}): JSX.Element {
  return (
    <div class="empty">
      <Mark />
      <h2>{title}</h2>
      {children}
    </div>
  )
}
