/** ServiceAccount tokens: what they say, and whether what they say is still true. */
import { asArray, asNumber, asObject, asString, at, type Obj } from '#core/schema/json.ts'
import { keyOf, type Machine, type User } from '../machine.ts'
import { accountGroups, accountUserName, credentialIdKey, withAuthenticated } from './users.ts'

/** An object as a token names it. */
export type Ref = { readonly name: string; readonly uid: string }

export type AccountFacts = {
  readonly namespace: string
  readonly account: Ref
  readonly pod: Ref | undefined
  readonly secret: Ref | undefined
  readonly node: Ref | undefined
}

export type Terms = {
  readonly issuer: string
  readonly audiences: readonly string[]
  /** Seconds since the epoch. */
  readonly now: number
  readonly expiresIn: number
  /** Set for a token that lives longer than it was asked to. */
  readonly warnIn: number | undefined
  readonly id: string
}

/** The claims of a new token, in the order in which a real server writes them. */
export function claimsOf(facts: AccountFacts, terms: Terms): Obj {
  const { audiences, now, expiresIn, warnIn } = terms
  const bound: Obj = { namespace: facts.namespace }
  for (const kind of ['node', 'pod', 'secret'] as const) {
    const ref = facts[kind]
    if (ref !== undefined) bound[kind] = { ...ref }
  }
  bound.serviceaccount = { ...facts.account }
  if (warnIn !== undefined) bound.warnafter = now + warnIn
  return {
    aud: [...audiences],
    exp: now + expiresIn,
    iat: now,
    iss: terms.issuer,
    jti: terms.id,
    'kubernetes.io': bound,
    nbf: now,
    sub: accountUserName(facts.namespace, facts.account.name),
  }
}

function factsOf(claims: Obj): AccountFacts {
  const bound = asObject(claims['kubernetes.io']) ?? {}
  const ref = (kind: string): Ref | undefined => {
    const { name, uid } = asObject(bound[kind]) ?? {}
    return asString(name) === undefined
      ? undefined
      : { name: String(name), uid: asString(uid) ?? '' }
  }
  return {
    namespace: asString(bound.namespace) ?? '',
    account: ref('serviceaccount') ?? { name: '', uid: '' },
    pod: ref('pod'),
    secret: ref('secret'),
    node: ref('node'),
  }
}

/** Clocks may differ by so much. */
const leewaySeconds = 60

/** Why a token with a good signature does not count, or undefined when it does. */
export function objectionTo(machine: Machine, claims: Obj): string | undefined {
  const now = machine.ports.clock.now() / 1000
  if (now - leewaySeconds > (asNumber(claims.exp) ?? 0)) return 'service account token has expired'
  if (now + leewaySeconds < (asNumber(claims.nbf) ?? 0)) {
    return 'service account token is not valid yet'
  }
  const { namespace, account, pod, secret, node } = factsOf(claims)
  const found = liveObject(machine, 'serviceaccounts', namespace, account.name)
  if (found === undefined) {
    return `serviceaccounts ${JSON.stringify(account.name)} not found`
  }
  if (found.uid !== account.uid) {
    return `service account UID (${found.uid}) does not match claim (${account.uid})`
  }
  if (found.dying) return `service account ${namespace}/${account.name} has been deleted`
  const invalidated = 'service account token has been invalidated'
  const goneOr = (ref: Ref | undefined, plural: string, kind: string, claim: string) => {
    if (ref === undefined) return undefined
    const live = liveObject(machine, plural, plural === 'nodes' ? '' : namespace, ref.name)
    if (live === undefined || live.dying) return invalidated
    if (live.uid === ref.uid) return undefined
    return `${kind} UID (${live.uid}) does not match service account ${claim} ref claim (${ref.uid})`
  }
  return (
    goneOr(secret, 'secrets', 'secret', 'secret') ??
    goneOr(pod, 'pods', 'pod', 'pod') ??
    (pod === undefined ? goneOr(node, 'nodes', 'node', 'node') : undefined)
  )
}

type Live = { readonly uid: string; readonly dying: boolean }

function liveObject(
  { store, ports }: Machine,
  storage: string,
  namespace: string,
  name: string,
): Live | undefined {
  const entry = store.get(storage, keyOf(namespace, name))
  if (entry === undefined) return undefined
  const metadata = asObject((JSON.parse(entry.text) as Obj).metadata) ?? {}
  const deleted = asString(metadata.deletionTimestamp)
  const dying =
    deleted !== undefined && Date.parse(deleted) < ports.clock.now() - leewaySeconds * 1000
  return { uid: asString(metadata.uid) ?? '', dying }
}

/** The user that a token's bearer is. */
export function userOf(claims: Obj): User {
  const { namespace, account, pod, node } = factsOf(claims)
  const extra: Record<string, readonly string[]> = {}
  const id = asString(claims.jti) ?? ''
  if (id !== '') extra[credentialIdKey] = [`JTI=${id}`]
  const add = (kind: string, ref: Ref | undefined): void => {
    if (ref === undefined) return
    extra[`authentication.kubernetes.io/${kind}-name`] = [ref.name]
    if (ref.uid !== '') extra[`authentication.kubernetes.io/${kind}-uid`] = [ref.uid]
  }
  add('node', node)
  add('pod', pod)
  return withAuthenticated({
    name: accountUserName(namespace, account.name),
    uid: account.uid,
    groups: accountGroups(namespace),
    extra,
  })
}

export function audiencesOf(claims: Obj): readonly string[] {
  const said = at(claims, 'aud')
  return typeof said === 'string' ? [said] : asArray(said).map(String)
}
