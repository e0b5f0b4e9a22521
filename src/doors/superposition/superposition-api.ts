/** Superposition's own API, as far as it is asked: what a variant's configuration is, and how an experiment stands. */

import { canonicalJson } from '#core/hash.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { Json, KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { type Clock, sleep } from '#kube/ports.ts'
import type { Reach } from '#kube/reach.ts'
import { isRecord } from './context.ts'
import type { Source } from './plan.ts'
import type { Settings } from './settings.ts'

export type Config = Readonly<Record<string, Json>>

/** It could not be had; the sentence holds nothing of what was answered. */
export class Unresolved extends Error {
  override readonly name = 'Unresolved'
}

export type SuperpositionApi = {
  /** The configuration of a variant, at the version it was asked for first. @throws Unresolved */
  readonly resolve: (source: Source) => Promise<Config>
  /** An experiment as it stands now, in the shape of an event's payload; undefined when it is gone. @throws Unresolved */
  readonly experiment: (
    of: Pick<Source, 'organisation' | 'workspace'> & { readonly id: string },
  ) => Promise<unknown>
}

export type ApiParts = {
  readonly settings: Pick<Settings, 'url' | 'credentials'>
  readonly ask: Reach['url']
  readonly cluster: Pick<Cluster, 'get'>
  readonly clock: Clock
}

const timeoutMs = 5000
/** Pauses before the second and the third attempt. */
const pausesMs = [200, 1000]
const mostBytes = 4 * 1024 * 1024
const mostRemembered = 500

type Answer = Awaited<ReturnType<Reach['url']>>
type Remembered = { readonly lastModified: string; readonly config: Config }

export function superpositionApi(parts: ApiParts): SuperpositionApi {
  const seen = new Map<string, Remembered>()
  const remember = (key: string, one: Remembered): void => {
    seen.delete(key)
    seen.set(key, one)
    const [oldest] = seen.keys()
    if (seen.size > mostRemembered && oldest !== undefined) seen.delete(oldest)
  }
  return {
    resolve: async (source) => {
      const key = canonicalJson(source)
      const known = seen.get(key)
      const { configVersion } = source
      const query =
        configVersion === undefined ? '' : `?version=${encodeURIComponent(configVersion)}`
      const answer = await asked(parts, `/config/resolve${query}`, {
        of: source,
        body: JSON.stringify({ context: contextOf(source) }),
        headers: known === undefined ? {} : { 'if-modified-since': known.lastModified },
      })
      if (answer.status === 304 && known !== undefined) return known.config
      const config = mapIn(answer, 'config/resolve')
      const lastModified = answer.headers['last-modified']
      if (lastModified !== undefined && isSafelyPast(answer, parts.clock))
        remember(key, { lastModified, config })
      return config
    },
    experiment: async (of) => {
      const path = `/experiments/${encodeURIComponent(of.id)}`
      const answer = await asked(parts, path, { of, headers: {} })
      return answer.status === 404 ? undefined : mapIn(answer, 'experiments')
    },
  }
}

/** Times in headers are whole seconds: what changed a moment ago may change again and bear the same time. */
function isSafelyPast({ headers }: Answer, clock: Clock): boolean {
  const date = headers['date']
  const now = date === undefined ? clock.now() : Date.parse(date)
  return now - Date.parse(headers['last-modified'] ?? '') >= 2000
}

/** A condition on variantIds matches when the list contains it; text never matches. */
function contextOf({ context, variantIds }: Source): unknown {
  return variantIds.length === 0 ? context : { ...context, variantIds }
}

type Asked = {
  readonly of: Pick<Source, 'organisation' | 'workspace'>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

async function asked(parts: ApiParts, path: string, given: Asked): Promise<Answer> {
  const { url } = parts.settings
  if (url === undefined)
    throw new Unresolved('nobody said where Superposition is; set SUPERPOSITION_URL')
  const headers = {
    ...given.headers,
    ...(await authorization(parts)),
    'content-type': 'application/json',
    'x-org-id': given.of.organisation,
    'x-workspace': given.of.workspace,
    // Its older name, for servers that know no other.
    'x-tenant': given.of.workspace,
  }
  const { body } = given
  const options = {
    headers,
    timeoutMs,
    maxBytes: mostBytes,
    confidential: parts.settings.credentials !== undefined,
  }
  const request = body === undefined ? options : { ...options, method: 'POST' as const, body }
  return repeated(parts, `${url}${path}`, request)
}

async function repeated(
  { ask, clock }: ApiParts,
  url: string,
  request: Parameters<Reach['url']>[1],
): Promise<Answer> {
  let why = ''
  for (const pauseMs of [...pausesMs, undefined]) {
    try {
      const answer = await ask(url, request)
      if (answer.status < 500 && answer.status !== 429) return understood(answer)
      why = `Superposition answered ${answer.status}`
    } catch (error) {
      if (error instanceof Unresolved) throw error
      why = `Superposition cannot be asked: ${error instanceof Error ? error.message : 'no answer'}`
    }
    if (pauseMs !== undefined) await sleep(clock, pauseMs)
  }
  throw new Unresolved(`${why}; it is tried again`)
}

function understood(answer: Answer): Answer {
  const { status } = answer
  if (status === 401 || status === 403)
    throw new Unresolved(
      `Superposition answered ${status}: it wants other credentials; name a Secret with --superposition-credentials`,
    )
  const isFine = status === 200 || status === 304 || status === 404
  if (!isFine)
    throw new Unresolved(`Superposition answered ${status} to the request for a configuration`)
  return answer
}

function mapIn({ status, body }: Answer, path: string): Config {
  if (status === 404)
    throw new Unresolved('Superposition answered 404: it knows no such workspace or organisation')
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    parsed = undefined
  }
  if (!isRecord(parsed)) throw new Unresolved(`Superposition answered ${path} with no map`)
  return parsed as Config
}

type SecretObject = KubeObject & { readonly data?: Readonly<Record<string, string>> }

/** From the Secret: `token` as bearer, or `username` and `password`. Read anew each time, so that it can be exchanged. */
async function authorization({ settings, cluster }: ApiParts): Promise<{ authorization?: string }> {
  const { credentials } = settings
  if (credentials === undefined) return {}
  const at = `${credentials.namespace}/${credentials.name}`
  const { data = {} } = await cluster.get<SecretObject>(kinds.secret, credentials).catch(() => {
    throw new Unresolved(`the Secret ${at} with the credentials for Superposition cannot be read`)
  })
  const text = (key: string): string | undefined =>
    Object.hasOwn(data, key)
      ? Buffer.from(data[key] ?? '', 'base64')
          .toString()
          .trim()
      : undefined
  const token = text('token')
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  const [username, password] = [text('username'), text('password')]
  if (username === undefined || password === undefined)
    throw new Unresolved(`the Secret ${at} holds neither token nor username and password`)
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}
