/** `spec.traffic.extras` of a Release: what the route does beside splitting traffic. Schema and reading. */
import type { Labels } from '../k8s/meta.ts'
import type { Extras } from '../model/app.ts'
import type { Notes } from './notes.ts'
import {
  duration,
  list,
  name,
  object,
  rule,
  rules,
  type Schema,
  text,
  texts,
} from './schema-parts.ts'

export type ReleaseExtras = {
  readonly redirect?: { readonly from: string; readonly to: string }
  readonly responseHeaders?: Labels
  readonly compression?: boolean
  readonly tls?: { readonly hosts: readonly string[]; readonly secret: string }
  readonly sticky?: { readonly cookie: string }
  readonly timeout?: string
}

const tokenPattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
const hostPattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'
const host = (description: string): Schema =>
  text(description, { minLength: 1, pattern: hostPattern })

export const extrasSchema: Schema = object(
  {
    redirect: object(
      {
        from: host('Host whose requests are sent on.'),
        to: host('Host they are sent to, by https.'),
      },
      {
        required: ['from', 'to'],
        ...rules(rule('self.from != self.to', 'from and to must be two different hosts')),
      },
    ),
    responseHeaders: texts('Headers that are set on every answer.', 1024),
    compression: { type: 'boolean', description: 'Answers are compressed.' },
    tls: object(
      {
        hosts: list(host('A host.'), { minItems: 1, maxItems: 16 }),
        secret: name('The Secret with certificate and key.'),
      },
      { required: ['hosts', 'secret'], description: 'Hosts that are served by TLS.' },
    ),
    sticky: object(
      { cookie: text('Name of the cookie.', { minLength: 1, pattern: tokenPattern }) },
      { required: ['cookie'], description: 'A session stays with one pod, by a cookie.' },
    ),
    timeout: duration('A request is given up after so long; whole seconds.'),
  },
  {
    description:
      'What the route does beside splitting traffic. What the router cannot do is left out, and told.',
  },
)

const path = 'spec.traffic.extras'

/** The model of it; undefined where nothing is asked for. */
export function readExtras(given: ReleaseExtras | undefined, notes: Notes): Extras | undefined {
  if (given === undefined) return undefined
  const { timeout, ...extras } = given
  checkHeaders(given.responseHeaders ?? {}, notes)
  if (given.redirect !== undefined && given.redirect.from === given.redirect.to)
    notes.add(`${path}.redirect`, 'from and to must be two different hosts')
  return timeout === undefined ? extras : { ...extras, timeoutSeconds: secondsOf(timeout, notes) }
}

function secondsOf(timeout: string, notes: Notes): number {
  const ms = notes.duration(`${path}.timeout`, timeout, 1000)
  if (ms < 1000 || ms % 1000 !== 0)
    notes.add(`${path}.timeout`, `${timeout} must be whole seconds, at least 1s`)
  return Math.ceil(ms / 1000)
}

function checkHeaders(headers: Labels, notes: Notes): void {
  const token = new RegExp(tokenPattern)
  for (const [header, word] of Object.entries(headers)) {
    const at = `${path}.responseHeaders`
    if (!token.test(header)) notes.add(at, `${JSON.stringify(header)} is no name of a header`)
    // Tabs and printable characters alone: anything else would end the header, or the answer.
    if (!/^[\t\x20-\x7e]*$/.test(word))
      notes.add(at, `the value of ${header} has characters that no header may have`)
  }
}
