/** Where a webhook is: the `clientConfig` of a configuration, read and checked. */

import { asNumber, asObject, asString, type Obj } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { hasControlCharacter } from '../cel/functions/url.ts'
import { subdomainName } from '../names.ts'

export type WebhookTarget =
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'service'
      readonly namespace: string
      readonly name: string
      readonly port: number
      /** Begins with a slash. */
      readonly path: string
    }

export type WebhookClient = {
  readonly target: WebhookTarget
  /** Certificates in PEM; undefined for those the system trusts. */
  readonly caPem: string | undefined
}

/** Reads a `clientConfig` that `clientProblems` has nothing to say about. */
export function clientOf(config: Obj): WebhookClient {
  const bundle = asString(config.caBundle) ?? ''
  const pem = Buffer.from(bundle, 'base64').toString('utf8')
  const caPem = pem.trim() === '' ? undefined : pem
  const service = asObject(config.service)
  if (service === undefined) return { target: { kind: 'url', url: String(config.url) }, caPem }
  const path = asString(service.path) ?? ''
  const target = {
    kind: 'service' as const,
    namespace: String(service.namespace),
    name: String(service.name),
    port: asNumber(service.port) ?? 443,
    path: path.startsWith('/') ? path : `/${path}`,
  }
  return { target, caPem }
}

/** The address as it shows in error messages, with the time limit that the webhook is told. */
export function shownUrl(target: WebhookTarget, timeoutSeconds: number): string {
  const base =
    target.kind === 'url'
      ? target.url
      : `https://${target.name}.${target.namespace}.svc:${target.port}${target.path}`
  const parsed = URL.parse(base)
  const whole =
    parsed === null ? base : `${parsed.protocol}//${hostOf(base, parsed)}${parsed.pathname}`
  return `${whole}?timeout=${timeoutSeconds}s`
}

/** The host as it was written: a port that goes without saying is said all the same. */
function hostOf(text: string, { host }: URL): string {
  return /^https:\/\/([^/?#]+)/.exec(text)?.[1] ?? host
}

/** What is wrong with a `clientConfig`; `field` is its path, `required` what a lack of both ways is called on. */
export function clientProblems(config: Obj, field: string): Problem[] {
  const url = asString(config.url)
  const service = asObject(config.service)
  if ((url === undefined) === (service === undefined)) {
    return [problem.required(field, 'exactly one of url or service is required')]
  }
  if (service !== undefined) return serviceProblems(service, `${field}.service`)
  return urlProblems(url as string, `${field}.url`)
}

const form = '; desired format: https://host[/path]'

function urlProblems(text: string, field: string): Problem[] {
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?[^?#]*(\?[^#]*)?(#.*)?$/.exec(
    text,
  )
  if (match === null || hasControlCharacter(text)) {
    const why = `url must be a valid URL: parse ${JSON.stringify(text)}: net/url: invalid control character in URL`
    return [problem.required(field, `${why}${form}`)]
  }
  const [, scheme = '', authority = '', query = '', fragment = ''] = match
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  const problems: Problem[] = []
  if (scheme !== 'https') {
    problems.push(problem.invalid(field, scheme, `'https' is the only allowed URL scheme${form}`))
  }
  if (host === '') problems.push(problem.invalid(field, '', `host must be specified${form}`))
  if (at !== -1) {
    const user = authority.slice(0, at)
    problems.push(problem.invalid(field, user, 'user information is not permitted in the URL'))
  }
  if (fragment.length > 1) {
    const why = 'fragments are not permitted in the URL'
    problems.push(problem.invalid(field, fragment.slice(1), why))
  }
  if (query.length > 1) {
    const why = 'query parameters are not permitted in the URL'
    problems.push(problem.invalid(field, query.slice(1), why))
  }
  return problems
}

function serviceProblems(service: Obj, field: string): Problem[] {
  const problems: Problem[] = []
  // Kubernetes takes the two names in the wrong order here, and has always said so.
  if ((service.namespace ?? '') === '') problems.push(problem.required(`${field}.name`))
  if ((service.name ?? '') === '') problems.push(problem.required(`${field}.namespace`))
  const port = asNumber(service.port) ?? 443
  if (port < 1 || port > 65_535) {
    const why = 'port is not valid: must be between 1 and 65535, inclusive'
    problems.push(problem.invalid(`${field}.port`, port, why))
  }
  const path = asString(service.path)
  if (path !== undefined) problems.push(...pathProblems(path, `${field}.path`))
  return problems
}

function pathProblems(path: string, field: string): Problem[] {
  if (path === '' || path === '/') return []
  if (path === '//') return [problem.invalid(field, path, 'segment[0] may not be empty')]
  const problems: Problem[] = []
  if (!path.startsWith('/')) problems.push(problem.invalid(field, path, "must start with a '/'"))
  const steps = path.slice(1).replace(/\/$/, '').split('/')
  steps.forEach((step, index) => {
    const faults =
      step === '' ? ['may not be empty'] : subdomainName(step).map((text) => `: ${text}`)
    for (const fault of faults) {
      const text = step === '' ? `segment[${index}] ${fault}` : `segment[${index}]${fault}`
      problems.push(problem.invalid(field, path, text))
    }
  })
  return problems
}
