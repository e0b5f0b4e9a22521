/** Before anything is done: what it would do, in the engine's own words, and what it is bound to. */
import type { JSX } from 'preact'
import type { ActionPreview } from '../../wire.ts'
import { type Acting, ask, confirm, dismiss, verbWords } from '../model/acting.ts'
import { Modal } from '../parts/modal.tsx'

export function ConfirmDialog({ acting }: { readonly acting: Acting }): JSX.Element {
  const { action, id, stage } = acting
  const words = verbWords[action.verb]
  const of = action.candidate === undefined ? '' : ` ${action.candidate} of`
  return (
    <Modal label="confirm-title" close={dismiss}>
      <h2 id="confirm-title">
        {words}
        {of} {id.name}?
      </h2>
      <p class="modal-where">
        {id.door} · {id.namespace}
      </p>
      <div aria-live="polite" aria-busy={stage === 'asking'}>
        <What acting={acting} />
      </div>
      <div class="modal-buttons">
        <button type="button" class="button" onClick={dismiss}>
          {stage === 'refused' ? 'Close' : 'Cancel'}
        </button>
        {stage === 'refused' ? (
          <button type="button" class="button is-main" onClick={() => void ask(acting)}>
            Look again
          </button>
        ) : (
          <button
            type="button"
            class={`button ${action.verb === 'abort' ? 'is-bad' : 'is-main'}`}
            // Not disabled, which would take the focus away from who waits on it.
            aria-disabled={stage !== 'shown'}
            onClick={() => void confirm()}
          >
            {stage === 'doing' ? 'Asking the controller …' : words}
          </button>
        )}
      </div>
    </Modal>
  )
}

function What({ acting }: { readonly acting: Acting }): JSX.Element {
  switch (acting.stage) {
    case 'asking':
      return <p class="hint">Asking what this would do …</p>
    case 'refused':
      return (
        <p class="refusal" role="alert">
          {acting.why}
        </p>
      )
    case 'shown':
    case 'doing':
      return <Effects preview={acting.preview} />
  }
}

function Effects({ preview }: { readonly preview: ActionPreview }): JSX.Element {
  const { effects, revision, step } = preview
  const at = step === undefined ? '' : ` at step ${step + 1}`
  return (
    <>
      <p class="modal-lead">This will happen:</p>
      <ol class="effects">
        {effects.map((effect) => (
          <li key={effect}>{effect}</li>
        ))}
      </ol>
      <p class="hint">
        Meant for revision <code>{revision}</code>
        {at}. If the release moves on before this arrives, it is refused and nothing happens.
      </p>
    </>
  )
}
