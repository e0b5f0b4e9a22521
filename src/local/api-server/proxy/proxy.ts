/** The way through the API server to pods and services. */
import type { HttpResponse } from '#kube/http.ts'
import { admitted } from '../admission/dispatch.ts'
import { subjectOf } from '../admission/subject.ts'
import type { Call } from '../machine.ts'
import type { Stored } from '../resource.ts'
import { methodNotAllowed } from '../status.ts'
import { type Address, podAddress, serviceAddress } from './addresses.ts'
import { forward } from './forward.ts'

export async function proxy(call: Call): Promise<HttpResponse> {
  const { resource, rest, query } = call
  const addressOf = addresses[resource.storage]
  if (addressOf === undefined) throw methodNotAllowed()
  const asked = admitConnection(call, `${resource.kind}ProxyOptions`)
  if (asked !== undefined) await asked
  const text = query.toString()
  const path = rest.split('/').map(encodeURIComponent).join('/')
  return forward(call, addressOf(call), `/${path}${text === '' ? '' : `?${text}`}`)
}

const addresses: Readonly<Record<string, (call: Call) => Address>> = {
  pods: podAddress,
  services: serviceAddress,
}

/** Asks the webhooks whether somebody may be connected; what they see are the options of the way. */
function admitConnection(call: Call, kind: string): Promise<void> | undefined {
  const subject = subjectOf(call, 'CONNECT', { kind: { group: '', version: 'v1', kind } })
  const object = { kind, apiVersion: 'v1', path: `/${call.rest}` }
  return admitted(call, subject, { object: object as unknown as Stored, old: undefined })
}
