/** Logs of a pod, fetched from whoever keeps it. */
import { asString, at, objectsOf } from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { textOf } from '../answer.ts'
import type { Call } from '../machine.ts'
import { objectOf } from '../output.ts'
import { entryOf } from '../read.ts'
import type { Stored } from '../resource.ts'
import { ApiError, badRequest, methodNotAllowed } from '../status.ts'
import { logsAnnotation, loopback } from './addresses.ts'
import { forward } from './forward.ts'

export async function podLog(call: Call): Promise<HttpResponse> {
  if (call.method !== 'GET') throw methodNotAllowed()
  const pod = objectOf(call.resource, entryOf(call))
  const container = containerOf(call, pod)
  const address = asString(at(pod, 'metadata', 'annotations', logsAnnotation))
  const url = address === undefined ? undefined : URL.parse(address)
  const target =
    url === null || url === undefined ? undefined : loopback(`${url.hostname}:${url.port}`)
  if (url === null || url === undefined || target === undefined) {
    throw badRequest(
      `container ${JSON.stringify(container)} in pod ${JSON.stringify(call.name)} is waiting to start: ContainerCreating`,
    )
  }
  const query = new URLSearchParams(call.query)
  query.set('container', container)
  const answer = await forward(call, target, `${url.pathname}?${query.toString()}`)
  if (answer.status < 400) return answer
  // Whoever keeps the logs says it in plain words; a client wants a Status.
  const said = (await textOf(answer)).trim()
  throw new ApiError(answer.status, answer.status === 404 ? 'NotFound' : 'BadRequest', said)
}

/** The container that is meant. Throws a 400 when that is not clear, or there is no such one. */
function containerOf({ query, name }: Call, pod: Stored): string {
  const names = ['containers', 'initContainers'].flatMap((list) =>
    objectsOf(at(pod, 'spec', list)).map((container) => String(container.name)),
  )
  const given = query.get('container') ?? ''
  if (given !== '') {
    if (names.includes(given)) return given
    throw badRequest(`container ${given} is not valid for pod ${name}`)
  }
  const main = objectsOf(at(pod, 'spec', 'containers')).map((container) => String(container.name))
  if (main.length === 1) return main[0] as string
  const hint = asString(
    at(pod, 'metadata', 'annotations', 'kubectl.kubernetes.io/default-container'),
  )
  if (hint !== undefined && main.includes(hint)) return hint
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]`,
  )
}
