/** Who asks, and what they may: by a token of the cluster, by one of an issuer, or anybody on this machine. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { hostileBecause, isLoopback } from '#http/loopback.ts'
import { accessReviews, type Deed, type May, ownAccessReviews } from '#http/may.ts'
import { type SignIn, tokenReviewSignIn } from '#http/sign-in.ts'
import type { Cluster } from '#kube/cluster.ts'
import { whoAsks } from '#releases/acts/who.ts'
import { type Oidc, type OidcOptions, oidcOf } from './oidc.ts'

export type Caller = {
  /** As the cluster knows them; undefined where nobody needs to sign in. */
  readonly user: string | undefined
  /** What is recorded with what they do. */
  readonly by: () => Promise<string>
  readonly may: (deed: Deed) => Promise<boolean>
}

export type Access = {
  readonly kind: 'open' | 'token' | 'oidc'
  /** Undefined where the headers say nobody who is known. @throws CannotTell */
  readonly caller: (headers: IncomingHttpHeaders) => Promise<Caller | undefined>
  /** Why a request is not even looked at, if so. */
  readonly hostile: (request: Pick<IncomingMessage, 'headers'>) => string | undefined
  readonly oidc?: Oidc
  /** Of the tokens that are taken. */
  readonly audience?: string
}

export type AccessOptions =
  | { readonly kind: 'open' }
  | { readonly kind: 'token'; readonly audience: string }
  | ({ readonly kind: 'oidc' } & OidcOptions)

/** @throws Error with a sentence: it is open on loopback alone. */
export async function accessOf(
  cluster: Cluster,
  host: string,
  options: AccessOptions,
): Promise<Access> {
  switch (options.kind) {
    case 'open': {
      if (!isLoopback(host))
        throw new Error(
          `the dashboard would be open to others at ${host}; without sign-in it listens on 127.0.0.1 alone`,
        )
      return openAccess(cluster)
    }
    case 'token': {
      const signIn = tokenReviewSignIn(cluster, { audiences: [options.audience] })
      return { ...signedIn('token', signIn, accessReviews(cluster)), audience: options.audience }
    }
    case 'oidc': {
      const oidc = await oidcOf(options, cluster.ports.clock)
      return { ...signedIn('oidc', oidc.signIn, accessReviews(cluster)), oidc }
    }
  }
}

/** Verbs that the API server itself knows; all others are ours, and are done by a patch. */
const verbsOfServer: readonly string[] = ['get', 'list', 'watch']

/** What this program may, everybody on this machine may; the API server says what that is. */
function openAccess(cluster: Cluster): Access {
  let name: Promise<string> | undefined
  const by = (): Promise<string> => {
    name ??= whoAsks(cluster).catch((error: unknown) => {
      name = undefined
      throw error
    })
    return name
  }
  const may = ownAccessReviews(cluster)
  const anybody: Caller = {
    user: undefined,
    by,
    may: (deed) => may(verbsOfServer.includes(deed.verb) ? deed : { ...deed, verb: 'patch' }),
  }
  return { kind: 'open', hostile: hostileBecause, caller: () => Promise.resolve(anybody) }
}

function signedIn(kind: 'token' | 'oidc', signIn: SignIn, may: May): Access {
  return {
    kind,
    // A page elsewhere has no token to send, and no cookie is taken.
    hostile: () => undefined,
    caller: async (headers) => {
      const user = await signIn(headers)
      if (user === undefined) return undefined
      const { name } = user
      return { user: name, by: () => Promise.resolve(name), may: (deed) => may(user, deed) }
    },
  }
}
