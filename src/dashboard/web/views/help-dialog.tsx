/** All keys of the view that is shown. */
import type { JSX } from 'preact'
import { helpOpen, shortcuts } from '../model/keys.ts'
import { letterKeys } from '../model/preferences.ts'
import { Modal } from '../parts/modal.tsx'

function close(): void {
  helpOpen.value = false
}

const keyNames: Readonly<Record<string, string>> = {
  ArrowDown: '↓',
  ArrowUp: '↑',
  Escape: 'Esc',
}

export function HelpDialog(): JSX.Element {
  return (
    <Modal label="help-title" close={close}>
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {shortcuts.value.map(({ key, words }) => (
          <div key={key}>
            <dt>
              <kbd>{keyNames[key] ?? key}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>Tab</kbd>
          </dt>
          <dd>To the next thing; Enter opens or presses it</dd>
        </div>
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={letterKeys.value}
          onChange={({ currentTarget }) => {
            letterKeys.value = currentTarget.checked
          }}
        />
        Single letters are commands
      </label>
      <div class="modal-buttons">
        <button type="button" class="button" onClick={close}>
          Close
        </button>
      </div>
    </Modal>
  )
}
