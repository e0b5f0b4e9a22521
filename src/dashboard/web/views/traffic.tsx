/** Traffic of each role: asked for, and confirmed by the route. */
import type { JSX } from 'preact'
import type { ReleaseDetail, RoleWeight } from '../../wire.ts'
import { AskedChannel, Channel, partsOf } from '../parts/channel.tsx'
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
          <Moving weights={weights} />
          <Numbers weights={weights} />
        </>
      )}
    </Panel>
  )
}

/** What is on its way, in a picture that its numbers stand below. */
function Moving({ weights }: { readonly weights: readonly RoleWeight[] }): JSX.Element | null {
  if (weights.every(({ wanted, confirmed }) => wanted === confirmed)) return null
  const several = weights.length > 2
  return (
    <>
      {several ? <AskedChannel weights={weights} /> : null}
      <p class="hint channel-key" aria-hidden="true">
        {several ? null : <span class="swatch to-come" />}
        {several ? 'the lower one is asked for' : 'asked for'}, not confirmed by the gateway yet
      </p>
    </>
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
        {partsOf(weights).map(({ role, revision, tag, wanted, confirmed, kind }) => (
          <tr key={role} class={wanted === confirmed ? '' : 'is-moving'}>
            <th scope="row">
              <span class={`swatch water is-${kind}`} aria-hidden="true" />
              {role}
            </th>
            <td>
              <code>{revision}</code>
              {tag === undefined ? null : <span class="tag"> {tag}</span>}
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
