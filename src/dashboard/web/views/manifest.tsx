/** The object as it is asked for, to read and to copy. */
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { tell } from '../model/announce.ts'

export function Manifest({ text }: { readonly text: string }): JSX.Element {
  const open = useSignal(false)
  return (
    <details
      class="panel manifest"
      onToggle={({ currentTarget }) => {
        open.value = currentTarget.open
      }}
    >
      <summary>
        <h2>Manifest</h2>
      </summary>
      {open.value ? <Yaml text={text} /> : null}
    </details>
  )
}

function Yaml({ text }: { readonly text: string }): JSX.Element {
  const lines = useMemo(() => text.split('\n').map(parts), [text])
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      tell('The manifest is copied.')
    } catch {
      tell('The browser does not let the page copy; select the text instead.', 'bad')
    }
  }
  return (
    <div class="yaml">
      <button type="button" class="button is-small" onClick={() => void copy()}>
        Copy
      </button>
      {/* Wide lines are scrolled to, by keyboard too. */}
      <pre tabIndex={0} role="region" aria-label="Manifest as YAML">
        {lines.map(({ key, rest }, index) => (
          <span key={index}>
            <span class="yaml-key">{key}</span>
            {rest}
            {'\n'}
          </span>
        ))}
      </pre>
    </div>
  )
}

/** Only enough YAML to set keys apart from values; what is not understood is shown as it is. */
function parts(line: string): { readonly key: string; readonly rest: string } {
  const key = /^[\s-]*[\w./-]+:(?= |$)/.exec(line)?.[0] ?? ''
  return { key, rest: line.slice(key.length) }
}
