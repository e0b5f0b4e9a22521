/** Traffic of each role: asked for, and confirmed by the route. */
import type { JSX } from 'preact'
import type { ReleaseDetail, RoleWeight } from '../../wire.ts'
import { Channel, partsOf } from '../parts/channel.tsx'
import { Panel } from '../parts/panel.tsx'

export function Traffic({
  weights,
  route,
}: {
  readonly weights: readonly RoleWeight[]
  readonly route: ReleaseDetail['route']
}): JSX.Element {
  const aside = route.map(({ kind, name, state }) => (
    <span key={`${kind}/${name}`} class="route">
      {kind} {name}: {state}
    </span>
  ))
  return (
    <Panel id="traffic" title="Traffic" aside={aside}>
      {weights.length === 0 ? (
        <p class="hint">No weights yet: nothing serves, or this release splits no traffic.</p>
      ) : (
        <>
          <Channel weights={weights} />
          {weights.every(({ wanted, confirmed }) => wanted === confirmed) ? null : (
            <p class="hint channel-key" aria-hidden="true">
              <span class="swatch to-come" />
              asked for, not confirmed by the gateway yet
            </p>
          )}
          <Numbers weights={weights} />
        </>
      )}
    </Panel>
  )
}

function Numbers({ weights }: { readonly weights: readonly RoleWeight[] }): JSX.Element {
  return (
    <table class="weights">
      <thead>
        <tr>
          <th scope="col">Role</th>
          <th scope="col">Revision</th>
          <th scope="col" class="is-number">
            Confirmed
          </th>
          <th scope="col" class="is-number">
            Asked for
          </th>
        </tr>
      </thead>
      <tbody>
        {partsOf(weights).map(({ role, revision, wanted, confirmed, kind }) => (
          <tr key={role} class={wanted === confirmed ? '' : 'is-moving'}>
            <th scope="row">
              <span class={`swatch water is-${kind}`} aria-hidden="true" />
              {role}
            </th>
            <td>
              <code>{revision}</code>
            </td>
            <td class="is-number">
              <strong>{confirmed} %</strong>
            </td>
            <td class="is-number">
              {wanted === confirmed ? '' : '→ '}
              {wanted} %
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
