/** JSON schemas of what goes over the wire, one for each type of wire.ts: the document is made of them, and answers too. */

type Schema = Readonly<Record<string, unknown>>
type Members = Readonly<Record<string, Schema>>

const text: Schema = { type: 'string' }
const whole: Schema = { type: 'integer' }
const number: Schema = { type: 'number' }
const flag: Schema = { type: 'boolean' }
const instant: Schema = { type: 'integer', description: 'Milliseconds since 1970, UTC.' }
const percent: Schema = { type: 'number', minimum: 0, maximum: 100 }
const list = (items: Schema): Schema => ({ type: 'array', items })
const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: [...values] })

/** Nothing but these members; `?` after a name says that it may be left out. */
function record(members: Members): Schema {
  const names = Object.keys(members)
  const properties = Object.fromEntries(
    names.map((name) => [name.replace(/\?$/, ''), members[name]]),
  )
  const required = names.filter((name) => !name.endsWith('?'))
  return { type: 'object', required, properties, additionalProperties: false }
}

const id: Members = { door: text, namespace: text, name: text }

const rowMembers: Members = {
  ...id,
  kind: text,
  uid: text,
  phase: oneOf(
    ...['Initializing', 'Progressing', 'Paused', 'Preview', 'Experimenting', 'Concluded'],
    ...['Completed', 'Failed', 'Retiring', 'Retired', 'Unknown'],
  ),
  reason: record({ type: text, message: text, 'since?': instant }),
  waitsForPerson: flag,
  strategy: text,
  step: text,
  weights: list(
    record({ role: text, revision: text, 'tag?': text, wanted: percent, confirmed: percent }),
  ),
  images: list(text),
  'failed?': text,
  createdAt: instant,
}

const step = record({ words: text, kind: text, state: oneOf('done', 'now', 'ahead') })
const pod = record({ name: text, state: text, restarts: whole, createdAt: instant })
const workload = record({
  kind: text,
  name: text,
  wanted: whole,
  ready: whole,
  images: list(text),
  pods: list(pod),
})
const sample = record({ at: instant, 'value?': number, verdict: text, 'message?': text })
const metric = record({
  name: text,
  verdict: text,
  words: text,
  'min?': number,
  'max?': number,
  samples: list(sample),
})
const counted = record({ hits: number, of: number })

export const actionVerbs = [
  'promote',
  'promote-full',
  'pause',
  'resume',
  'abort',
  'retry',
  'undo',
  'restart',
] as const

const verb = oneOf(...actionVerbs)

const row = record(rowMembers)
const releaseId = record(id)

const detail = record({
  ...rowMembers,
  advice: text,
  problems: list(record({ path: text, message: text })),
  conditions: list(
    record({ type: text, status: text, reason: text, message: text, since: instant }),
  ),
  trials: list(
    record({ role: text, revision: text, startedAt: instant, stage: text, steps: list(step) }),
  ),
  plan: list(step),
  revisions: list(
    record({
      revision: text,
      roles: list(text),
      'failed?': text,
      'keptUntil?': instant,
      workloads: list(workload),
      createdAt: instant,
    }),
  ),
  route: list(record({ kind: text, name: text, state: text })),
  analyses: list(record({ role: text, revision: text, metrics: list(metric) })),
  looks: list(
    record({
      role: text,
      revision: text,
      metric: text,
      'candidate?': counted,
      'stable?': counted,
      'effect?': number,
      'confidence?': number,
      'needed?': number,
      'message?': text,
    }),
  ),
  decisions: list(
    record({
      at: instant,
      action: text,
      'by?': text,
      'revision?': text,
      'step?': whole,
      message: text,
    }),
  ),
  actions: list(record({ verb, 'candidate?': text, allowed: flag, 'because?': text })),
  links: list(record({ title: text, url: text })),
  manifest: text,
  'next?': instant,
  'goesOnAt?': instant,
})

export const schemas = {
  ReleaseRow: row,
  ReleaseRows: list(row),
  ReleaseDetail: detail,
  ActionPreview: record({ verb, revision: text, 'step?': whole, effects: list(text) }),
  ActionRequest: record({ revision: text, 'step?': whole, 'candidate?': text }),
  ActionAnswer: record({
    id: text,
    outcome: oneOf('obeyed', 'refused', 'asked'),
    message: text,
  }),
  Me: record({
    'user?': text,
    signIn: oneOf('open', 'token', 'oidc'),
    readOnly: flag,
    version: text,
    'audience?': text,
    'oidc?': record({ authorizationEndpoint: text, clientId: text, scope: text }),
  }),
  OidcExchange: record({ code: text, verifier: text, redirectUri: text }),
  OidcToken: record({ token: text }),
  ApiError: record({ error: record({ code: whole, message: text }) }),
  StreamEvents: record({
    'rows?': list(row),
    'changed?': list(row),
    'gone?': list(releaseId),
    'detail?': detail,
    'missing?': releaseId,
    'tick?': record({ now: instant }),
  }),
} as const satisfies Readonly<Record<string, Schema>>

/** A name as Kubernetes takes it, so that nothing from outside becomes part of another path. */
const name: Schema = {
  type: 'string',
  maxLength: 253,
  pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
}

export const paths = {
  release: { type: 'object', properties: { door: name, namespace: name, name } },
  action: { type: 'object', properties: { door: name, namespace: name, name, verb } },
  asset: { type: 'object', properties: { file: text } },
} as const
