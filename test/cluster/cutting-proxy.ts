/**
 * A small proxy between a controller and the API server: it sees each request, and may keep one back for ever, or only
 * its answer, as when a process dies before or after a write took effect.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { parse } from 'yaml'
import { createAuthority } from '#kube/authority.ts'
import { systemPorts } from '#kube/system.ts'
import { kubeconfigText } from '#local/api-server/kubeconfig.ts'

/** What becomes of a request that changes something; Leases and Events are no such requests. */
export type Fate = 'goes on' | 'is kept back' | 'is done unheard'

export type CuttingProxy = {
  readonly kubeconfig: string
  /** Asked for each changing request, by its method and path. */
  decide: (line: string) => Fate
  readonly close: () => Promise<void>
}

type Kubeconfig = {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string }
  }[]
  readonly users: readonly { readonly user: { readonly token: string } }[]
}

/** In front of the server that a kubeconfig names. */
export async function cuttingProxy(kubeconfig: string): Promise<CuttingProxy> {
  const { clusters, users } = parse(kubeconfig) as Kubeconfig
  const { server: url = '', 'certificate-authority-data': data = '' } = clusters[0]?.cluster ?? {}
  const ca = Buffer.from(data, 'base64').toString()
  const { certPem, keyPem, caPem } = await (await createAuthority(systemPorts())).issue(
    ['localhost'],
    ['127.0.0.1'],
  )
  const server = createServer({ key: keyPem, cert: certPem }, (asked, answer) => {
    const fate = isChange(asked) ? proxy.decide(`${asked.method} ${asked.url}`) : 'goes on'
    if (fate !== 'is kept back') pass(asked, answer, { url, ca, unheard: fate !== 'goes on' })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const own = { url: `https://127.0.0.1:${port}`, caPem, token: users[0]?.user.token ?? '' }
  const proxy: CuttingProxy = {
    kubeconfig: kubeconfigText(own),
    decide: () => 'goes on',
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return proxy
}

function isChange({ method = 'GET', url = '' }: IncomingMessage): boolean {
  return method !== 'GET' && !/\/(leases|events)\b|[/](services|pods)[/][^/]+[/]proxy/.test(url)
}

type Onward = { readonly url: string; readonly ca: string; readonly unheard: boolean }

function pass(asked: IncomingMessage, answer: ServerResponse, { url, ca, unheard }: Onward): void {
  const { method, headers } = asked
  const onward = request(`${url}${asked.url}`, { method, headers, ca }, (reply) => {
    if (unheard) {
      reply.resume()
      return
    }
    answer.writeHead(reply.statusCode ?? 502, reply.headers)
    answer.flushHeaders()
    reply.pipe(answer)
    reply.once('error', () => answer.destroy())
    answer.once('close', () => reply.destroy())
  })
  onward.once('error', () => answer.destroy())
  answer.once('close', () => onward.destroy())
  asked.pipe(onward)
}
