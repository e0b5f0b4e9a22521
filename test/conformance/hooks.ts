/** A webhook server for both: admission reviews and conversions, answered by the path alone. */
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createAuthority } from '#kube/authority.ts'
import type { Ports } from '#kube/ports.ts'

export type Hooks = {
  readonly url: string
  readonly caBundle: string
  readonly close: () => Promise<void>
}

type Review = {
  readonly apiVersion: string
  readonly kind: string
  readonly request: {
    readonly uid: string
    readonly object: Readonly<Record<string, unknown>> | null
    readonly objects?: readonly { apiVersion: string; [key: string]: unknown }[]
    readonly desiredAPIVersion?: string
    readonly operation?: string
    readonly dryRun?: boolean
    readonly kind?: unknown
    readonly resource?: unknown
    readonly subResource?: string
    readonly name?: string
    readonly userInfo?: { readonly username: string }
    readonly oldObject?: unknown
    readonly options?: unknown
  }
}

const patchOf = (operations: readonly unknown[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})

/** What each path answers to an admission review. */
const answers: Readonly<Record<string, (review: Review) => object | string>> = {
  '/allow': () => ({ allowed: true }),
  '/deny': () => ({ allowed: false, status: { message: 'not today', code: 418 } }),
  '/deny-plain': () => ({ allowed: false }),
  '/deny-reason': () => ({ allowed: false, status: { message: 'no', reason: 'Forbidden' } }),
  '/warn': () => ({ allowed: true, warnings: ['mind the gap', 'and the step'] }),
  '/label': () => patchOf([{ op: 'add', path: '/metadata/labels', value: { by: 'hook' } }]),
  '/data': () => patchOf([{ op: 'add', path: '/data/hook', value: 'was here' }]),
  '/bad-patch': () => patchOf([{ op: 'remove', path: '/data/none/at/all' }]),
  '/no-json': () => 'this is no review',
  '/wrong-uid': () => ({ uid: 'another', allowed: true }),
  '/tell': ({ request }) => ({
    allowed: false,
    status: {
      message: JSON.stringify({
        operation: request.operation,
        kind: request.kind,
        resource: request.resource,
        subResource: request.subResource,
        name: request.name,
        dryRun: request.dryRun,
        user: request.userInfo?.username,
        object: request.object !== null && request.object !== undefined,
        oldObject: request.oldObject !== null && request.oldObject !== undefined,
        options: request.options,
      }),
    },
  }),
}

/** Listens on a free port of loopback. */
export async function startHooks(ports: Ports): Promise<Hooks> {
  const { certPem, keyPem, caPem } = await (await createAuthority(ports)).issue(
    ['localhost'],
    ['127.0.0.1'],
  )
  const server = createServer({ key: keyPem, cert: certPem }, (request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    request.on('end', () => {
      const { pathname } = new URL(request.url ?? '/', 'https://localhost')
      const body = answerTo(pathname, JSON.parse(text) as Review)
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
      response.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${port}`,
    caBundle: Buffer.from(caPem).toString('base64'),
    close: () => closed(server),
  }
}

function answerTo(path: string, review: Review): string | undefined {
  const { apiVersion, kind, request } = review
  if (path === '/convert') {
    return JSON.stringify({ apiVersion, kind, response: converted(request) })
  }
  const answer = answers[path]?.(review)
  if (answer === undefined || typeof answer === 'string') return answer
  return JSON.stringify({ apiVersion, kind, response: { uid: request.uid, ...answer } })
}

/** v1 has `spec.size`, v2 calls it `spec.count`. */
function converted({ uid, objects = [], desiredAPIVersion = '' }: Review['request']): object {
  const convertedObjects = objects.map((object) => {
    const spec = (object['spec'] ?? {}) as { size?: number; count?: number }
    const number = spec.size ?? spec.count
    const key = desiredAPIVersion.endsWith('/v2') ? 'count' : 'size'
    return {
      ...object,
      apiVersion: desiredAPIVersion,
      spec: number === undefined ? {} : { [key]: number },
    }
  })
  return { uid, result: { status: 'Success' }, convertedObjects }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
