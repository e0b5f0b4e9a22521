/** One question to a webhook: the text goes there, JSON comes back, or the sentence a kube-apiserver has for why not. */
import { parse as parseYaml } from 'yaml'
import { isObject, type Obj } from '#core/schema/json.ts'
import type { Ports } from '#kube/ports.ts'
import { jsonFault, jsonType } from '../go-json.ts'
import { shownUrl, type WebhookClient } from './target.ts'

export type WebhookRequest = WebhookClient & {
  /** JSON. */
  readonly body: string
  /** What the webhook is told of its time, as `timeout` in the query. */
  readonly timeoutSeconds: number
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export type WebhookAnswer = {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/**
 * Delivers a question to a webhook. Rejects with an Error whose message is what Go says of such a failure, e.g.
 * `dial tcp 127.0.0.1:1: connect: connection refused`.
 */
export type CallWebhook = (request: WebhookRequest) => Promise<WebhookAnswer>

/** The webhook could not be asked, or its answer could not be read. */
export class WebhookFailure extends Error {}

/** The kind of question, and of the answer to it. */
export type ReviewKind = 'AdmissionReview' | 'ConversionReview'

export type Question = {
  readonly kind: ReviewKind
  readonly client: WebhookClient
  readonly body: string
  /** Seconds until nobody waits any more. */
  readonly limitSeconds: number
  readonly signal: AbortSignal | undefined
}

/** The JSON object that the webhook answers. Rejects with a WebhookFailure. */
export async function post(
  ports: Ports,
  callWebhook: CallWebhook,
  question: Question,
): Promise<Obj> {
  const { client, body, limitSeconds } = question
  const ending = new AbortController()
  let late = false
  const giveUp = (): void => ending.abort()
  question.signal?.addEventListener('abort', giveUp, { once: true })
  const cancel = ports.clock.after(limitSeconds * 1000, () => {
    late = true
    ending.abort()
  })
  try {
    const answered = callWebhook({
      ...client,
      body,
      timeoutSeconds: limitSeconds,
      signal: ending.signal,
    })
    // Whatever comes after the end is nobody's business any more.
    answered.catch(() => {})
    return read(await Promise.race([answered, ended(ending.signal)]), question.kind)
  } catch (error) {
    if (error instanceof WebhookFailure) throw error
    const why = late ? 'context deadline exceeded' : reasonOf(error, ending.signal)
    throw new WebhookFailure(`Post "${shownUrl(client.target, limitSeconds)}": ${why}`)
  } finally {
    cancel()
    question.signal?.removeEventListener('abort', giveUp)
  }
}

function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(new Error('context canceled'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'context canceled'
  return error instanceof Error ? error.message : String(error)
}

function read({ status, contentType, body }: WebhookAnswer, kind: ReviewKind): Obj {
  if (status < 200 || status > 206) throw new WebhookFailure(refusalOf(status, body))
  if (body === '') {
    const type = `content type: ${contentType === '' ? 'application/json' : contentType}`
    throw new WebhookFailure(`0-length response with status code: ${status} and ${type}`)
  }
  const parsed = parsedOf(body)
  if (typeof parsed === 'string') {
    throw new WebhookFailure(`couldn't get version/kind; json parse error: ${parsed}`)
  }
  const isStatus = parsed.kind === 'Status' && parsed.apiVersion === 'v1'
  if (isStatus && parsed.status !== 'Success') throw new WebhookFailure(String(parsed.message))
  checkKnown(parsed, kind)
  return parsed
}

const groups = { AdmissionReview: 'admission.k8s.io', ConversionReview: 'apiextensions.k8s.io' }

/** Of any kind but the one that it waits for, the reader says that it never heard of it. */
function checkKnown({ kind, apiVersion }: Obj, wanted: ReviewKind): void {
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') return
  const versions = ['v1', 'v1beta1'].map((version) => `${groups[wanted]}/${version}`)
  if (kind === wanted && versions.includes(apiVersion)) return
  const where = 'in scheme "pkg/runtime/scheme.go:110"'
  throw new WebhookFailure(`no kind "${kind}" is registered for version "${apiVersion}" ${where}`)
}

/** The object in the body, or what Go says when there is none. Like Go's reader, it takes YAML for JSON. */
function parsedOf(body: string): Obj | string {
  const json = body.trimStart().startsWith('{')
  let value: unknown
  try {
    value = json ? JSON.parse(body) : parseYaml(body, { version: '1.1' })
  } catch (error) {
    return jsonFault(body) ?? (error as Error).message
  }
  if (isObject(value)) return value
  return `json: cannot unmarshal ${jsonType(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`
}

const sentences: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
}

/** What client-go makes of an answer that is no success. */
function refusalOf(status: number, body: string): string {
  const parsed = parsedOf(body)
  if (
    typeof parsed !== 'string' &&
    parsed.kind === 'Status' &&
    typeof parsed.message === 'string'
  ) {
    return parsed.message
  }
  const known = sentences[status]
  if (known !== undefined) return known
  const said = body.trim() === '' ? 'unknown' : body.trim()
  if (status === 403 || status === 406 || status === 415) return said
  if (status >= 500) {
    return `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`
  }
  return `the server responded with the status code ${status} but did not return more information`
}
