/** What the handlers of this door share: what they stand on, and how an answer is made. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { formatInstant } from '#core/time.ts'
import type { Ground } from '../../face.ts'
import type { LogReader } from '../log-reader.ts'
import type { Records } from '../records.ts'
import type { Settings } from '../settings.ts'
import { type Query, queryOf } from './query.ts'

export type House = {
  readonly ground: Ground
  readonly records: Records
  readonly logs: LogReader
  readonly settings: Settings
}

export type Asked = {
  readonly id: string
  readonly query: Query
  readonly body: unknown
  readonly ifMatch: string | undefined
}

export function askedOf(request: FastifyRequest): Asked {
  const { id = '' } = (request.params ?? {}) as { readonly id?: string }
  return {
    id,
    query: queryOf(request.query),
    body: request.body,
    ifMatch: request.headers['if-match'],
  }
}

export function nowText({ ground }: House): string {
  return formatInstant(ground.clock.now())
}

export function json(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .code(200)
    .type('application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(text)
}

export function plain(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(text)
}

/** Where a record is to be found, relative, as the original said it. */
export function place(of: 'descriptors' | 'deployments', id: string, namespace: string): string {
  return `/${of}/${id}/?namespace=${namespace}`
}

export function etagOf(metadata: { readonly resourceVersion?: string }): string {
  return `"${metadata.resourceVersion ?? ''}"`
}
