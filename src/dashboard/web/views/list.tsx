/** All releases: what is asked for at the top, the rows below. */
import { useComputed } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { refine } from '../model/address.ts'
import { chosen, type Filter, noFilter } from '../model/filter.ts'
import { helpOpen, shortcuts } from '../model/keys.ts'
import { allRows, known } from '../model/picture.ts'
import { nextTheme } from '../model/preferences.ts'
import { Empty } from '../parts/empty.tsx'
import { Filters } from './filters.tsx'
import { focusRows, ReleaseTable } from './release-table.tsx'

let before: readonly string[] = []

/** The same list of keys as long as nothing came, went or changed places: then no row is looked at again. */
function steady(keys: readonly string[]): readonly string[] {
  const same = keys.length === before.length && keys.every((key, index) => key === before[index])
  if (!same) before = keys
  return before
}

export function ListView({ filter }: { readonly filter: Filter }): JSX.Element {
  const choice = chosen(allRows.value, filter)
  const keys = steady(choice.keys)
  useEffect(() => {
    document.title = 'Headgate'
    shortcuts.value = [
      { key: '/', words: 'Search', act: () => document.getElementById('search')?.focus() },
      { key: '?', words: 'These keys', act: () => (helpOpen.value = true) },
      { key: 'j', words: 'To the next release (also ↓)', act: focusRows },
      { key: 'k', words: 'To the one before (also ↑)', act: focusRows },
      { key: 'd', words: 'Colours: system, light, dark', act: nextTheme },
    ]
  }, [])
  return (
    <div class="list">
      <h1 class="unseen">Releases</h1>
      {allRows.value.length === 0 ? null : <Filters filter={filter} counts={choice.counts} />}
      {!known.value ? (
        <p class="hint page-hint">Waiting for the first picture …</p>
      ) : keys.length > 0 ? (
        <ReleaseTable keys={keys} />
      ) : (
        <Nothing />
      )}
    </div>
  )
}

function Nothing(): JSX.Element {
  const none = useComputed(() => allRows.value.length === 0)
  if (!none.value)
    return (
      <Empty title="Nothing matches">
        <p>No release is like what you are looking for.</p>
        <button type="button" class="button" onClick={() => refine(noFilter)}>
          Show all
        </button>
      </Empty>
    )
  return (
    <Empty title="No releases yet">
      <p>Write a first manifest for a Deployment that you have, look at it, and apply it:</p>
      <code class="command">headgate init my-app {'>'} release.yaml</code>
      <code class="command">kubectl apply -f release.yaml</code>
      <p class="hint">
        You may also lack the right to see releases: they are shown to who may <code>list</code>{' '}
        them.
      </p>
    </Empty>
  )
}
