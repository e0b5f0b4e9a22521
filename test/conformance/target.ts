/** A server that cases are played against, over TLS. */
import { plainConfig } from '#kube/cluster-config.ts'
import type { Transport } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { socketTransport } from '#kube/transport.ts'
import { startHooks } from './hooks.ts'
import type { Target } from './play.ts'

export type OpenTarget = Target & { readonly close: () => Promise<void> }

export async function openTarget(
  ports: Ports,
  server: { readonly url: string; readonly caPem: string; readonly token: string },
  stop: () => Promise<void>,
): Promise<OpenTarget> {
  const hooks = await startHooks(ports)
  const tls = { ca: server.caPem, insecure: false, serverName: undefined, certificate: undefined }
  const transport = (token: string | undefined): Transport =>
    socketTransport(
      plainConfig(server.url, {
        tls,
        credentials: token === undefined ? { kind: 'none' } : { kind: 'token', token },
      }),
      ports,
    )
  const [admin, none, wrong] = [server.token, undefined, 'nobody-has-this'].map(transport) as [
    Transport,
    Transport,
    Transport,
  ]
  return {
    admin,
    none,
    wrong,
    hooks,
    close: async () => {
      await Promise.all([admin.close(), none.close(), wrong.close()])
      await hooks.close()
      await stop()
    },
  }
}
