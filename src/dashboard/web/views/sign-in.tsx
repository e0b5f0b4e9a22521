/** Signing in: by the organisation's issuer, or with a token. */
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { Me } from '../../wire.ts'
import { leaveFor } from '../model/oidc.ts'
import { signIn } from '../model/session.ts'
import { Mark } from '../parts/glyph.tsx'

export function SignIn({
  me,
  why,
}: {
  readonly me: Me
  readonly why: string | undefined
}): JSX.Element {
  return (
    <div class="sign-in">
      <Mark />
      <h1>Sign in</h1>
      {why === undefined ? null : (
        <p class="refusal" role="alert">
          {why}
        </p>
      )}
      {me.signIn === 'oidc' ? (
        <IssuerForm me={me} />
      ) : (
        <TokenForm me={me} refused={why !== undefined} />
      )}
      <p class="hint">Headgate {me.version}</p>
    </div>
  )
}

function IssuerForm({ me }: { readonly me: Me }): JSX.Element {
  const { oidc } = me
  return (
    <div class="sign-in-box">
      {oidc === undefined ? (
        <>
          <p>The issuer cannot be asked now.</p>
          <button type="button" class="button" onClick={() => void signIn(undefined)}>
            Try again
          </button>
        </>
      ) : (
        <>
          <button type="button" class="button is-main" onClick={() => void leaveFor(oidc)}>
            Sign in at {new URL(oidc.authorizationEndpoint).host}
          </button>
          <p class="hint">It sends you back here. A reload asks for it again.</p>
        </>
      )}
    </div>
  )
}

function TokenForm({ me, refused }: { readonly me: Me; readonly refused: boolean }): JSX.Element {
  const audience = me.audience === undefined ? '' : ` --audience ${me.audience}`
  const token = useSignal('')
  const busy = useSignal(false)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (token.value.trim() === '') return
    busy.value = true
    await signIn(token.value.trim())
    busy.value = false
  }
  return (
    <form class="sign-in-box" onSubmit={(event) => void submit(event)}>
      <label for="token">Token of the cluster</label>
      <input
        id="token"
        type="password"
        autocomplete="off"
        spellcheck={false}
        value={token.value}
        aria-describedby="token-help"
        aria-invalid={refused}
        onInput={({ currentTarget }) => {
          token.value = currentTarget.value
        }}
      />
      <button type="submit" class="button is-main" disabled={busy.value}>
        {busy.value ? 'Asking …' : 'Sign in'}
      </button>
      <div id="token-help" class="hint">
        <p>
          A service account's token, for an hour:
          <code class="command">kubectl create token NAME{audience}</code>
        </p>
        <p>It stays in this tab's memory only. A reload asks for it again.</p>
      </div>
    </form>
  )
}
