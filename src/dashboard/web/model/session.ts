/** Who looks. The token lives in this variable and nowhere else: a reload asks for it again. */
import { signal } from '@preact/signals'
import type { Me } from '../../wire.ts'
import { forget } from './picture.ts'

let token: string | undefined

export type Session =
  | { readonly kind: 'asking' }
  /** `why`: what the server said to the token before. */
  | { readonly kind: 'signedOut'; readonly me: Me; readonly why: string | undefined }
  | { readonly kind: 'signedIn'; readonly me: Me }
  | { readonly kind: 'unreachable'; readonly why: string }

export const session = signal<Session>({ kind: 'asking' })

export function headers(): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

/**
 * Asks the server who we are with this token, or, without any, how to sign in: only who has none is told. `why`: what was
 * said to the token before.
 */
export async function signIn(given: string | undefined, why?: string): Promise<void> {
  token = given
  try {
    const answer = await fetch('/api/v1/me', { headers: headers() })
    if (answer.status === 401 && given !== undefined)
      return await signIn(undefined, await sentenceOf(answer))
    if (!answer.ok) throw new Error(await sentenceOf(answer))
    const me = (await answer.json()) as Me
    session.value =
      me.signIn === 'open' || me.user !== undefined
        ? { kind: 'signedIn', me }
        : { kind: 'signedOut', me, why }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    session.value = { kind: 'unreachable', why: said }
  }
}

/** Whether the server is another version than when we came: the page is then older than what it talks to. */
export async function isOutdated(): Promise<boolean> {
  const state = session.value
  if (state.kind !== 'signedIn') return false
  try {
    const answer = await fetch('/api/v1/me', { headers: headers() })
    return answer.ok && ((await answer.json()) as Me).version !== state.me.version
  } catch {
    return false
  }
}

/** Forgets the token and all that was seen with it. */
export async function signOut(why?: string): Promise<void> {
  forget('all')
  session.value = { kind: 'asking' }
  await signIn(undefined, why)
}

/** The stream or an action was answered with 401. */
export function refused(why: string): void {
  if (session.value.kind === 'signedIn') void signOut(why)
}

/** What the server says in place of success; whatever stands between us and it may say less. */
export async function sentenceOf(answer: Response): Promise<string> {
  const plain = `The server answered ${answer.status}${answer.statusText === '' ? '' : ` ${answer.statusText}`}.`
  try {
    const body: unknown = await answer.json()
    const said = (body as { readonly error?: { readonly message?: unknown } }).error?.message
    return typeof said === 'string' ? said : plain
  } catch {
    return plain
  }
}
