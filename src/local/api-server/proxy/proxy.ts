/** The way through the API server to pods and services. */
import type { HttpResponse } from '#kube/http.ts'
import type { Call } from '../machine.ts'
import { methodNotAllowed } from '../status.ts'
import { podAddress, serviceAddress } from './addresses.ts'
import { forward } from './forward.ts'

export async function proxy(call: Call): Promise<HttpResponse> {
  const { resource, rest, query } = call
  const text = query.toString()
  const path = `/${rest}${text === '' ? '' : `?${text}`}`
  switch (resource.storage) {
    case 'pods':
      return forward(call, podAddress(call), path)
    case 'services':
      return forward(call, serviceAddress(call), path)
    default:
      throw methodNotAllowed()
  }
}
