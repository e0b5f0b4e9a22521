/** Keys as commands. A letter opens a dialog or moves the focus; none acts by itself. */
import { signal } from '@preact/signals'
import { letterKeys } from './preferences.ts'

export type Shortcut = {
  readonly key: string
  readonly words: string
  readonly act: () => void
}

export const helpOpen = signal(false)

/** Those of the view that is shown, beside those that always are. */
export const shortcuts = signal<readonly Shortcut[]>([])

/** Listens until it is told to stop. */
export function listenToKeys(): () => void {
  addEventListener('keydown', pressed)
  return () => removeEventListener('keydown', pressed)
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
  if (isWriting(event.target) || document.querySelector('dialog[open]') !== null) return
  if (!letterKeys.value && event.key.length === 1) return
  const shortcut = shortcuts.value.find(({ key }) => key === event.key)
  if (shortcut === undefined) return
  event.preventDefault()
  shortcut.act()
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  )
}
