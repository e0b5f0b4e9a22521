/** One line of the list. It follows its own release only. */
import type { JSX } from 'preact'
import type { RoleWeight } from '../../wire.ts'
import { hashOf } from '../model/address.ts'
import { rowOf } from '../model/picture.ts'
import { Channel, weightWords } from '../parts/channel.tsx'
import { Age } from '../parts/instant.tsx'
import { PhaseBadge } from '../parts/phase.tsx'

export type RowPlace = {
  readonly id: string
  readonly index: number
  /** Pixels from the top of the table's body. */
  readonly top: number
  /** Reached by Tab; the arrow keys lead to the others. */
  readonly active: boolean
}

export function ReleaseRowView({ id, index, top, active }: RowPlace): JSX.Element | null {
  const row = rowOf(id)?.value
  if (row === undefined) return null
  const { name, namespace, door, reason, weights, step, createdAt } = row
  return (
    <div
      class="row"
      role="row"
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${top}px)` }}
    >
      <div role="cell" class="cell-name">
        <a
          class="row-link"
          href={hashOf({ kind: 'release', id: row })}
          data-key={id}
          tabIndex={active ? 0 : -1}
        >
          {name}
        </a>
        <span class="cell-where">
          {namespace} · {door}
        </span>
      </div>
      <div role="cell" class="cell-version">
        <Versions weights={weights} failed={row.failed} />
      </div>
      <div role="cell" class="cell-phase">
        <PhaseBadge row={row} />
      </div>
      <div role="cell" class="cell-traffic">
        {weights.length === 0 ? (
          <span class="hint">no split</span>
        ) : (
          <>
            <Channel weights={weights} />
            <span class="cell-weights">{candidateWords(weights)}</span>
            <span class="unseen">{weightWords(weights)}</span>
          </>
        )}
      </div>
      <div role="cell" class="cell-step">
        {step === '-' ? '' : step}
      </div>
      <div role="cell" class="cell-why" title={reason.message}>
        {reason.message}
      </div>
      <div role="cell" class="cell-age">
        <Age at={reason.since ?? createdAt} />
      </div>
    </div>
  )
}

/** What runs, what is tried beside it, and what failed. */
function Versions({
  weights,
  failed,
}: {
  readonly weights: readonly RoleWeight[]
  readonly failed: string | undefined
}): JSX.Element | null {
  const stable = weights.find(({ role }) => role === 'stable')?.tag
  const tried = weights.flatMap(({ role, tag }) =>
    role === 'stable' || tag === undefined || tag === stable || tag === failed ? [] : [tag],
  )
  const all = [...(stable === undefined ? [] : [stable]), ...new Set(tried)]
  const title = `${all.join(' → ')}${failed === undefined ? '' : `; ${failed} failed`}`
  if (all.length === 0 && failed === undefined) return null
  return (
    <span title={title}>
      {stable}
      {tried.length === 0 ? null : (
        <span class="version-tried"> → {[...new Set(tried)].join(', ')}</span>
      )}
      {failed === undefined ? null : (
        <>
          <span class="unseen">, failed:</span> <s class="version-failed">{failed}</s>
        </>
      )}
    </span>
  )
}

/** What the candidates have together; nothing while stable has it all. */
function candidateWords(
  weights: readonly {
    readonly role: string
    readonly wanted: number
    readonly confirmed: number
  }[],
): string {
  const candidates = weights.filter(({ role }) => role !== 'stable')
  const wanted = candidates.reduce((sum, weight) => sum + weight.wanted, 0)
  const confirmed = candidates.reduce((sum, weight) => sum + weight.confirmed, 0)
  if (wanted !== confirmed) return `${confirmed} → ${wanted} %`
  return confirmed === 0 ? '' : `${confirmed} %`
}
