/** A gate step of a Release: its form on the wire, its schema, and its reading. */
import { healthPort } from '../gates/health.ts'
import type { PodTemplate } from '../k8s/workloads.ts'
import type { Policy } from '../model/analysis.ts'
import type { GateSpec } from '../model/gate.ts'
import type { Notes } from './notes.ts'
import { isHeaderAllowed } from './read-analysis.ts'
import { count, duration, name, object, oneOf, text, texts } from './schema-parts.ts'

/** Exactly one of health, webhook, approval. */
export type ReleaseGate = {
  readonly name?: string
  readonly health?: ReleaseHealthGate
  readonly webhook?: ReleaseWebhookGate
  readonly approval?: Readonly<Record<string, never>>
}

export type ReleaseHealthGate = {
  readonly path: string
  readonly port?: number
  readonly type?: 'probe' | 'simple'
  readonly method?: 'get' | 'post' | 'get-or-post'
  readonly interval?: string
  readonly limit?: string
}

export type ReleaseWebhookGate = {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly secretRef?: { readonly name: string }
  readonly caBundle?: string
  readonly interval?: string
  readonly limit?: string
  readonly onError?: Policy
  readonly consecutiveErrors?: number
}

const limit = duration('Not passing for so long turns the release back; left out, it waits.')

const health = object(
  {
    path: text('Path, with query, that each pod is asked for.', { minLength: 1, maxLength: 1024 }),
    port: count('By default the only port, or that called healthcheck, or the first.', 1, {
      maximum: 65_535,
    }),
    type: oneOf(
      ['probe', 'simple'],
      'probe wants JSON with "healthy": true, simple any answer of 200 to 299.',
      'simple',
    ),
    method: oneOf(['get', 'post', 'get-or-post'], 'How it is asked.', 'get'),
    interval: duration('Between two questions to a pod.', { default: '5s' }),
    limit,
  },
  { required: ['path'] },
)

const webhook = object(
  {
    url: text('http://NAME.NAMESPACE.svc:PORT/PATH', { minLength: 1, maxLength: 2048 }),
    headers: texts('Headers such as X-Team; nothing secret.', 256),
    secretRef: object(
      { name: text('A Secret of this namespace that is bound to the address.', { minLength: 1 }) },
      { required: ['name'] },
    ),
    caBundle: text('PEM certificates to trust for https.', { maxLength: 65_536 }),
    interval: duration('Between two questions, as long as it says hold.', { default: '10s' }),
    limit,
    onError: oneOf(['hold', 'continue', 'rollback'], 'When it cannot be understood.', 'hold'),
    consecutiveErrors: count('onError applies from so many errors in a row; fewer hold.', 1, {
      default: 3,
    }),
  },
  { required: ['url'] },
)

export const gateSchema = object(
  {
    name: name('How status calls it; left out, its kind.'),
    health,
    webhook,
    approval: object({}, { description: 'Somebody promotes; who, is on record.' }),
  },
  {
    description: 'Has to be passed: by the pods, by a program, or by a person.',
    oneOf: [{ required: ['health'] }, { required: ['webhook'] }, { required: ['approval'] }],
  },
)

/** What the gate of a step asks for; approval where it cannot be read, with a note. */
export function readGate(
  given: ReleaseGate,
  template: PodTemplate,
  at: { readonly path: string; readonly notes: Notes },
): GateSpec {
  const { path, notes } = at
  const kinds = (['health', 'webhook', 'approval'] as const).filter(
    (kind) => given[kind] !== undefined,
  )
  if (kinds.length !== 1) notes.add(path, 'must have exactly one of health, webhook, approval')
  if (given.health !== undefined)
    return healthOf(given.name ?? 'health', given.health, template, {
      path: `${path}.health`,
      notes,
    })
  if (given.webhook !== undefined)
    return webhookOf(given.name ?? 'webhook', given.webhook, { path: `${path}.webhook`, notes })
  return { kind: 'approval', name: given.name ?? 'approval' }
}

type At = { readonly path: string; readonly notes: Notes }

function times(
  given: { readonly interval?: string; readonly limit?: string },
  fallback: number,
  { path, notes }: At,
): { readonly intervalMs: number; readonly limitMs: number | undefined } {
  const interval = notes.duration(`${path}.interval`, given.interval, fallback)
  const { limit: end } = given
  return {
    intervalMs: Math.max(1000, interval),
    limitMs: end === undefined ? undefined : notes.duration(`${path}.limit`, end, 0),
  }
}

function healthOf(
  called: string,
  given: ReleaseHealthGate,
  template: PodTemplate,
  at: At,
): GateSpec {
  if (/[\s#]/.test(given.path) || given.path.startsWith('//'))
    at.notes.add(`${at.path}.path`, 'is no path; write one like /healthz')
  return {
    kind: 'health',
    name: called,
    type: given.type ?? 'simple',
    path: given.path,
    port: healthPort(template, given.port),
    method: given.method ?? 'get',
    replicas: undefined,
    ...times(given, 5000, at),
  }
}

function webhookOf(called: string, given: ReleaseWebhookGate, at: At): GateSpec {
  const { url, headers = {}, secretRef, caBundle } = given
  if (!/^https?:\/\/[^\s/?#@\\]+([/?][^\s#\\]*)?$/.test(url))
    at.notes.add(
      `${at.path}.url`,
      `${JSON.stringify(url)} is no http or https address; write one like http://gate.team.svc:8080/check, without user or fragment`,
    )
  for (const header of Object.keys(headers)) {
    if (!isHeaderAllowed(header.toLowerCase()))
      at.notes.add(
        `${at.path}.headers.${header}`,
        'is not a header that may be set; credentials go into the Secret of secretRef',
      )
  }
  return {
    kind: 'webhook',
    name: called,
    url,
    headers: Object.fromEntries(
      Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value]),
    ),
    secret: secretRef?.name,
    caBundle,
    onError: given.onError ?? 'hold',
    consecutiveErrors: given.consecutiveErrors ?? 3,
    ...times(given, 10_000, at),
  }
}
