/** The page: who is signed in, and where they are. */
import { useComputed } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { acting, dismiss } from '../model/acting.ts'
import { place } from '../model/address.ts'
import { note } from '../model/announce.ts'
import { keyOf } from '../model/filter.ts'
import { helpOpen, listenToKeys } from '../model/keys.ts'
import { follow, followNothing } from '../model/live.ts'
import { forget } from '../model/picture.ts'
import { session, signIn } from '../model/session.ts'
import { Empty } from '../parts/empty.tsx'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { Header, LostBanner } from './header.tsx'
import { HelpDialog } from './help-dialog.tsx'
import { ListView } from './list.tsx'
import { Notes } from './notes.tsx'
import { ReleaseView } from './release.tsx'
import { SignIn } from './sign-in.tsx'

export function App(): JSX.Element {
  useEffect(listenToKeys, [])
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <Header />
      <LostBanner />
      <main id="main" tabIndex={-1}>
        <Content />
      </main>
      <Notes />
      {acting.value === undefined ? null : <ConfirmDialog acting={acting.value} />}
      {helpOpen.value ? <HelpDialog /> : null}
    </>
  )
}

/** The address behind `#` says where people are, so that the link must not follow its own. */
function skip(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function Content(): JSX.Element {
  const state = session.value
  switch (state.kind) {
    case 'asking':
      return <p class="hint page-hint">Asking the server …</p>
    case 'unreachable':
      return (
        <Empty title="The server cannot be reached">
          <p>{state.why}</p>
          <button type="button" class="button" onClick={() => void signIn(undefined)}>
            Try again
          </button>
        </Empty>
      )
    case 'signedOut':
      return <SignIn me={state.me} why={state.why} />
    case 'signedIn':
      return <SignedIn />
  }
}

function SignedIn(): JSX.Element {
  const here = place.value
  // Who leaves takes along what they were about to do, and what they were told.
  useEffect(
    () => () => {
      dismiss()
      note.value = undefined
    },
    [],
  )
  const followed = useComputed(() =>
    place.value.kind === 'release' ? keyOf(place.value.id) : undefined,
  )
  useEffect(() => {
    forget('detail')
    follow(here.kind === 'release' ? here.id : undefined)
    return followNothing
  }, [followed.value])
  return here.kind === 'release' ? (
    <ReleaseView key={keyOf(here.id)} id={here.id} />
  ) : (
    <ListView filter={here.filter} />
  )
}
