/**
 * Deny by default: a listener serves the routes of its table and no others. What somebody must be allowed to do stands
 * in the row of a route; a route without a row does not start.
 */
import type { FastifyInstance, HTTPMethods } from 'fastify'

export type RouteRow<Access> = {
  /** Its operation in the OpenAPI document. */
  readonly id: string
  readonly method: HTTPMethods
  readonly url: string
  readonly access: Access
}

/** From now on, to add a route to this server that has no row is an error. HEAD goes with GET. */
export function onlyRoutesOf(
  app: FastifyInstance,
  rows: readonly Pick<RouteRow<unknown>, 'method' | 'url'>[],
): void {
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) {
      const asked = one === 'HEAD' ? 'GET' : one
      if (!rows.some((row) => row.method === asked && row.url === url))
        throw new Error(`${asked} ${url} has no row in the authorization table; add one`)
    }
  })
}
