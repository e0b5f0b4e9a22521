/** What is asked of the list: state, words, namespace, door, order. */
import type { JSX } from 'preact'
import { refine } from '../model/address.ts'
import { speak } from '../model/announce.ts'
import { chosen, type Filter, type Group, groups } from '../model/filter.ts'
import { allRows, doors, namespaces } from '../model/picture.ts'
import { plural } from '../model/words.ts'
import { Glyph } from '../parts/glyph.tsx'
import { focusRows } from './release-table.tsx'

const groupWords: Readonly<Record<Group, string>> = {
  failed: 'Failed',
  attention: 'Need you',
  moving: 'Moving',
  serving: 'Serving',
}

export function Filters({
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
            if (event.key === 'Escape') {
              // What was looked for stays; some browsers would empty the field.
              event.preventDefault()
              event.currentTarget.blur()
            }
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
