/**
 * Traffic as water in a channel: what the route confirms is filled, candidates from the left, stable behind them. A gate
 * stands where it was asked to; water that is still to come, or to go, is hatched. Of several candidates one's gain is
 * another's loss, so that theirs is not hatched; `AskedChannel` shows beside it how it should be.
 */
import type { JSX } from 'preact'
import type { RoleWeight } from '../../wire.ts'

type Part = RoleWeight & { readonly from: number; readonly gate: number; readonly kind: string }

/** Candidates first: the channel fills from the left as a release goes on. */
export function partsOf(weights: readonly RoleWeight[]): readonly Part[] {
  const ordered = [
    ...weights.filter(({ role }) => role !== 'stable'),
    ...weights.filter(({ role }) => role === 'stable'),
  ]
  let from = 0
  let gate = 0
  return ordered.map((weight, index) => {
    const part = {
      ...weight,
      from,
      gate: gate + weight.wanted,
      kind: weight.role === 'stable' ? 'stable' : `candidate-${(index % 4) + 1}`,
    }
    from += weight.confirmed
    gate += weight.wanted
    return part
  })
}

export function Channel({ weights }: { readonly weights: readonly RoleWeight[] }): JSX.Element {
  const parts = partsOf(weights)
  // The last part ends where the channel does.
  const gates = parts.slice(0, -1).filter(({ gate }) => gate > 0 && gate < 100)
  return (
    <div class="channel" aria-hidden="true">
      {parts.map(({ role, kind, from, confirmed }) => (
        <div
          key={role}
          class={`water is-${kind}`}
          style={{ left: percent(from), width: percent(confirmed) }}
        />
      ))}
      {parts.slice(0, -1).map(({ role, from, confirmed, gate }) => {
        const edge = from + confirmed
        return edge === gate || parts.length > 2 ? null : (
          <div
            key={`${role} to come`}
            class={`to-come ${gate > edge ? 'is-rising' : 'is-falling'}`}
            style={{ left: percent(Math.min(edge, gate)), width: percent(Math.abs(gate - edge)) }}
          />
        )
      })}
      {gates.map(({ role, gate }) => (
        <div key={`${role} gate`} class="gate" style={{ left: percent(gate) }} />
      ))}
    </div>
  )
}

/** The same channel as it was asked to be. */
export function AskedChannel({
  weights,
}: {
  readonly weights: readonly RoleWeight[]
}): JSX.Element {
  return (
    <div class="channel is-asked" aria-hidden="true">
      {partsOf(weights).map(({ role, kind, gate, wanted }) => (
        <div
          key={role}
          class={`water is-${kind}`}
          style={{ left: percent(gate - wanted), width: percent(wanted) }}
        />
      ))}
    </div>
  )
}

function percent(value: number): string {
  return `${Math.min(100, Math.max(0, value))}%`
}

/** `canary 20 % → 50 %, stable 80 % → 50 %`. */
export function weightWords(weights: readonly RoleWeight[]): string {
  return partsOf(weights)
    .map(({ role, wanted, confirmed }) =>
      wanted === confirmed ? `${role} ${confirmed} %` : `${role} ${confirmed} % → ${wanted} %`,
    )
    .join(', ')
}
