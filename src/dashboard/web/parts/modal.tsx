/** A dialog of the browser's own: it holds the focus, closes on Escape and gives the focus back. */
import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

export function Modal({
  label,
  close,
  children,
}: {
  /** Id of the heading. */
  readonly label: string
  readonly close: () => void
  readonly children: ComponentChildren
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const element = dialog.current
    const opener = document.activeElement
    element?.showModal()
    return () => {
      element?.close()
      // By itself the browser gives it back only where the dialog outlives its end.
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true })
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      class="modal"
      aria-labelledby={label}
      onCancel={(event) => {
        event.preventDefault()
        close()
      }}
      onClick={(event) => {
        // The dialog's own box is filled by its content: a click on itself is one on the backdrop.
        if (event.target === dialog.current) close()
      }}
    >
      <div class="modal-body">{children}</div>
    </dialog>
  )
}
