/** What the sample app answers to a request: pure, apart from its own state. */
import { tagOf } from './behaviour.ts'
import type { AppFacts } from './protocol.ts'

export type Answer = {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What a request shows of itself. */
export type Asked = {
  readonly url?: string | undefined
  readonly headers: { readonly accept?: string | undefined }
}

export type AppState = {
  readonly facts: AppFacts
  readonly ready: () => boolean
  readonly metricsText: () => string
}

/** Paths that take part in errors, latency, the concurrency limit and the counts. */
export function isBusiness(path: string): boolean {
  return !['/health', '/healthz', '/ready', '/metrics'].includes(path)
}

/** `fails` says that this request was picked for the error rate. */
export function answer(state: AppState, request: Asked, fails: boolean): Answer {
  const path = pathOf(request)
  switch (path) {
    case '/':
    case '/hello':
      return fails ? text(500, 'This answer fails on demand.\n') : hello(state.facts, request)
    case '/nothello':
      return text(500, 'Not hello.\n')
    case '/health':
    case '/healthz':
      return json(200, { healthy: true })
    case '/ready':
      return json(state.ready() ? 200 : 503, { ready: state.ready() })
    case '/metrics':
      return {
        status: 200,
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        body: state.metricsText(),
      }
    default:
      return text(404, `Nothing at ${path}; try /hello.\n`)
  }
}

export function pathOf({ url = '/' }: Pick<Asked, 'url'>): string {
  const end = url.indexOf('?')
  return end < 0 ? url : url.slice(0, end)
}

export const overloaded: Answer = {
  ...text(503, 'More requests at a time than SAMPLE_MAX_CONCURRENT.\n'),
  headers: { 'x-overloaded': 'true' },
}

function hello(facts: AppFacts, request: Asked): Answer {
  const version = tagOf(facts.image)
  if (request.headers.accept?.includes('application/json') !== true)
    return text(200, `Hello! ${version}\n`)
  const { image, pod, namespace, env } = facts
  return json(200, { image, version, pod, namespace, environment: env })
}

function text(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body }
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` }
}
