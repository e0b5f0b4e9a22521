/** Answers as values: whole texts and streams, with the headers Kubernetes sends. */
import type { HttpResponse } from '#kube/http.ts'
import { type ApiError, Denied } from './status.ts'

/** A body that is there already; whoever can send it in one piece may. */
export class TextBody implements AsyncIterable<string> {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    yield this.text
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}) {
  return jsonText(status, `${JSON.stringify(body)}\n`, headers)
}

export function jsonText(
  status: number,
  text: string,
  headers: Record<string, string> = {},
): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: new TextBody(text),
  }
}

export function plain(status: number, text: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: new TextBody(text),
  }
}

export function refusal(error: ApiError): HttpResponse {
  const retry = (error.status.details as { retryAfterSeconds?: number } | undefined)
    ?.retryAfterSeconds
  return json(error.code, error.status, {
    ...(retry === undefined ? {} : { 'retry-after': `${retry}` }),
    ...(error instanceof Denied ? { 'x-content-type-options': 'nosniff' } : {}),
  })
}

export const pageNotFound = (): HttpResponse => plain(404, '404 page not found\n')

/** The whole body of an answer as text. */
export async function textOf(response: HttpResponse): Promise<string> {
  if (response.body instanceof TextBody) return response.body.text
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
