/** All releases: what is asked for at the top, the rows below. */
import { useComputed } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { refine } from '../model/address.ts'
import { speak } from '../model/announce.ts'
import { chosen, type Filter, type Group, groups, noFilter } from '../model/filter.ts'
import { helpOpen, shortcuts } from '../model/keys.ts'
import { allRows, doors, known, namespaces } from '../model/picture.ts'
import { nextTheme } from '../model/preferences.ts'
import { plural } from '../model/words.ts'
import { Empty } from '../parts/empty.tsx'
import { Glyph } from '../parts/glyph.tsx'
import { ReleaseTable } from './release-table.tsx'

const groupWords: Readonly<Record<Group, string>> = {
  failed: 'Failed',
  attention: 'Need you',
  moving: 'Moving',
  serving: 'Serving',
}

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
      <Filters filter={filter} counts={choice.counts} />
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

function focusRows(): void {
  document.querySelector<HTMLElement>('.row-link[tabindex="0"]')?.focus()
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

function Filters({
  filter,
  counts,
}: {
  readonly filter: Filter
  readonly counts: Readonly<Record<Group, number>>
}): JSX.Element {
  const all = groups.reduce((sum, group) => sum + counts[group], 0)
  const change = (part: Partial<Filter>): void => {
    refine(part)
    speak(plural(chosen(allRows.peek(), { ...filter, ...part }).keys.length, 'release'))
  }
  return (
    <div class="filters" role="search" aria-label="Releases">
      <div class="groups" role="group" aria-label="State">
        <GroupButton words="All" count={all} group={undefined} filter={filter} change={change} />
        {groups.map((group) => (
          <GroupButton
            key={group}
            words={groupWords[group]}
            count={counts[group]}
            group={group}
            filter={filter}
            change={change}
          />
        ))}
      </div>
      <div class="search">
        <Glyph name="search" />
        <input
          id="search"
          type="search"
          placeholder="Search name, image, reason …"
          aria-label="Search"
          value={filter.text}
          onInput={({ currentTarget }) => change({ text: currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown' && event.key !== 'Enter') return
            event.preventDefault()
            focusRows()
          }}
        />
      </div>
      <Choice
        label="Namespace"
        all="All namespaces"
        value={filter.namespace}
        options={namespaces.value}
        choose={(namespace) => change({ namespace })}
      />
      <Choice
        label="Door"
        all="All doors"
        value={filter.door}
        options={doors.value}
        choose={(door) => change({ door })}
      />
      <label class="pick">
        <span class="unseen">Order</span>
        <select
          value={filter.sort}
          onChange={({ currentTarget: { value } }) =>
            change({ sort: value === 'urgent' || value === 'newest' ? value : 'name' })
          }
        >
          <option value="name">By name</option>
          <option value="urgent">Urgent first</option>
          <option value="newest">Newest first</option>
        </select>
      </label>
    </div>
  )
}

function GroupButton({
  words,
  count,
  group,
  filter,
  change,
}: {
  readonly words: string
  readonly count: number
  readonly group: Group | undefined
  readonly filter: Filter
  readonly change: (part: Partial<Filter>) => void
}): JSX.Element {
  return (
    <button
      type="button"
      class={`group is-${group ?? 'all'}`}
      aria-pressed={filter.group === group}
      onClick={() => change({ group })}
    >
      {group === undefined ? null : <Glyph name={group} />}
      {words} <span class="count">{count}</span>
    </button>
  )
}

function Choice({
  label,
  all,
  value,
  options,
  choose,
}: {
  readonly label: string
  readonly all: string
  readonly value: string
  readonly options: readonly string[]
  readonly choose: (value: string) => void
}): JSX.Element {
  // What an old link asks for stays to be seen, also where no release has it any more.
  const shown = value === '' || options.includes(value) ? options : [value, ...options]
  return (
    <label class="pick">
      <span class="unseen">{label}</span>
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        <option value="">{all}</option>
        {shown.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  )
}
