/** The kubelet's face as the API server asks it for logs: HTTPS at the node's address, answered by the log server. */
import { request } from 'node:http'
import { createServer } from 'node:https'
import { createAuthority } from '#kube/authority.ts'
import type { Ports } from '#kube/ports.ts'

/** @param host the node's address; the port is that of the log server on loopback. */
export async function openLogsFace(
  ports: Ports,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly close: () => Promise<void> }> {
  const { certPem, keyPem } = await (await createAuthority(ports)).issue([], [host])
  const server = createServer({ cert: certPem, key: keyPem }, (incoming, outgoing) => {
    // /containerLogs/NAMESPACE/POD/CONTAINER?…
    const url = new URL(incoming.url ?? '/', 'https://kubelet')
    const [, kind, namespace = '', pod = '', container = ''] = url.pathname.split('/')
    if (kind !== 'containerLogs') {
      outgoing.writeHead(404).end()
      return
    }
    url.searchParams.set('container', container)
    const path = `/logs/${namespace}/${pod}?${url.searchParams}`
    const asked = request({ host: '127.0.0.1', port, path }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': 'text/plain' })
      answer.pipe(outgoing)
    })
    asked.once('error', () => outgoing.destroy())
    outgoing.once('close', () => asked.destroy())
    asked.end()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
