/**
 * An open listener on loopback is within reach of every web page in a browser on the same machine: by requests that
 * need no permission of ours, and by names of the page's owner that lead to 127.0.0.1. Such requests are known by their
 * Host, their Origin, and a content type that pages may send unasked.
 */
import type { IncomingMessage } from 'node:http'
import { hasBody } from './body.ts'

type Asked = Pick<IncomingMessage, 'headers'>

/** Why a request to an open loopback listener is not served, as a sentence; undefined when it is. */
export function hostileBecause(request: Asked): string | undefined {
  const { host, origin } = request.headers
  const site = request.headers['sec-fetch-site']
  if (host === undefined || !isLoopback(host))
    return `this address is open to this machine alone, and ${shown(host)} is no name of it; ask for localhost`
  if (origin !== undefined && !isOwnOrigin(origin, host))
    return `web pages of ${shown(origin)} have no business here`
  if (site === 'cross-site' || site === 'same-site')
    return 'web pages of other places have no business here'
  if (hasBody(request) && !isJson(request.headers['content-type']))
    return 'a body has to come with content-type: application/json'
  return undefined
}

/** Whether a content type says JSON, whatever its parameters. */
export function isJson(contentType: string | undefined): boolean {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  return /^application\/(?:[\w.-]+\+)?json$/.test(type)
}

/** Whether a listener's host takes connections of this machine only. */
export function isLoopback(authority: string): boolean {
  const url = URL.canParse(`http://${authority}`) ? new URL(`http://${authority}`) : undefined
  if (url === undefined || url.username !== '' || url.pathname !== '/') return false
  const name = url.hostname.replace(/\.$/, '')
  return name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name)
}

function isOwnOrigin(origin: string, host: string): boolean {
  return origin.toLowerCase() === `http://${host.toLowerCase()}`
}

function shown(text: string | undefined): string {
  return text === undefined ? 'nothing' : JSON.stringify(text.slice(0, 100))
}
