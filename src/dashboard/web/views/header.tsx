/** Above everything: whose page it is, whether it is fresh, and how it looks. */
import type { JSX } from 'preact'
import { hashOf, lastList } from '../model/address.ts'
import { now } from '../model/clock.ts'
import { helpOpen } from '../model/keys.ts'
import { connection, heardAt, retryNow } from '../model/live.ts'
import { nextTheme, type Theme, theme } from '../model/preferences.ts'
import { session, signOut } from '../model/session.ts'
import { duration } from '../model/words.ts'
import { Glyph, type GlyphName, Mark } from '../parts/glyph.tsx'

const themeGlyphs: Readonly<Record<Theme, GlyphName>> = {
  system: 'system',
  light: 'sun',
  dark: 'moon',
}

export function Header(): JSX.Element {
  return (
    <header class="top">
      <a class="brand" href={hashOf({ kind: 'list', filter: lastList.value })}>
        <Mark />
        <span>Headgate</span>
      </a>
      <Freshness />
      <div class="top-tools">
        <Who />
        <button
          type="button"
          class="tool"
          title={`Colours: ${theme.value}`}
          aria-label={`Colours: ${theme.value}`}
          onClick={nextTheme}
        >
          <Glyph name={themeGlyphs[theme.value]} />
        </button>
        <button
          type="button"
          class="tool"
          title="Keys (?)"
          aria-label="Keys"
          onClick={() => {
            helpOpen.value = true
          }}
        >
          <Glyph name="keys" />
        </button>
      </div>
    </header>
  )
}

function Freshness(): JSX.Element | null {
  if (session.value.kind !== 'signedIn') return null
  const { kind } = connection.value
  const words = { live: 'Live', connecting: 'Connecting …', lost: 'Not connected' }[kind]
  return (
    <span class={`fresh is-${kind}`}>
      <span class="fresh-dot" aria-hidden="true" />
      {words}
    </span>
  )
}

function Who(): JSX.Element | null {
  const state = session.value
  if (state.kind !== 'signedIn') return null
  const { user, readOnly, signIn } = state.me
  return (
    <>
      {readOnly ? <span class="chip">read-only</span> : null}
      {user === undefined ? null : (
        // Names begin alike and differ at their end: that is what stays where there is no room.
        <span class="who" title={user}>
          <bdi dir="ltr">{user}</bdi>
        </span>
      )}
      {signIn === 'open' ? null : (
        <button
          type="button"
          class="button is-small sign-out"
          title="Sign out"
          onClick={() => void signOut()}
        >
          <Glyph name="out" />
          <span>Sign out</span>
        </button>
      )}
    </>
  )
}

/** Says that what is seen is old, how old, and when it is tried again. */
export function LostBanner(): JSX.Element | null {
  const state = connection.value
  if (state.kind !== 'lost') return null
  // The clock is followed for both ages; they are told by this machine's own.
  void now.value
  const at = Date.now()
  const heard = heardAt.value
  const again = state.retryAt - at
  return (
    <div class="lost">
      <Glyph name="attention" />
      <p>
        <strong>{state.why}</strong>{' '}
        {heard === undefined
          ? 'Nothing has been heard yet. '
          : `What you see is ${duration(at - heard)} old. `}
        {again > 500 ? `Next try in ${duration(again)}.` : 'Trying now …'}
      </p>
      <button type="button" class="button is-small" onClick={retryNow}>
        Try now
      </button>
    </div>
  )
}
