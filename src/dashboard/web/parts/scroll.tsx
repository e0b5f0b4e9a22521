/** What may be larger than its place: it scrolls by itself, by keyboard too. */
import type { ComponentChildren, JSX } from 'preact'

export function Scroll({
  label,
  children,
}: {
  readonly label: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  )
}
