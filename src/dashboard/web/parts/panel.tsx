/** A part of the page with a heading, found by it. */
import type { ComponentChildren, JSX } from 'preact'

export function Panel({
  id,
  title,
  aside,
  children,
}: {
  readonly id: string
  readonly title: string
  readonly aside?: ComponentChildren
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <section class="panel" aria-labelledby={`${id}-title`}>
      <header class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {aside === undefined ? null : <div class="panel-aside">{aside}</div>}
      </header>
      {children}
    </section>
  )
}
