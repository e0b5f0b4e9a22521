/** Carries out HTTP and TCP probes over the network, and tells failures in the kubelet's words. */
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Clock } from '#kube/ports.ts'
import type { ProbeAnswer, ProbeRequest } from './runtime.ts'

/** `address` is `host:port` of the asked-for container port. */
export function probeOver(
  clock: Clock,
  address: string,
  asked: ProbeRequest,
): Promise<ProbeAnswer> {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon)
  const port = Number(address.slice(colon + 1))
  return asked.kind === 'http'
    ? probeHttp(clock, { host, port }, asked)
    : probeTcp(clock, { host, port }, asked)
}

type Place = { readonly host: string; readonly port: number }

function probeHttp(
  clock: Clock,
  { host, port }: Place,
  asked: Extract<ProbeRequest, { kind: 'http' }>,
): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const url = `http://${host}:${asked.port}${asked.path}`
    const probe = request({
      host,
      port,
      path: asked.path,
      headers: {
        'user-agent': 'kube-probe/1.34',
        accept: '*/*',
        connection: 'close',
        ...asked.headers,
      },
      agent: false,
    })
    const settle = (answer: ProbeAnswer): void => {
      cancel()
      probe.destroy()
      resolve(answer)
    }
    const cancel = clock.after(asked.timeoutMs, () =>
      settle(
        failed(
          `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
        ),
      ),
    )
    probe.on('response', (response) => {
      const status = response.statusCode ?? 0
      response.resume()
      if (status >= 200 && status < 400) settle({ ok: true })
      else settle(failed(`HTTP probe failed with statuscode: ${status}`))
    })
    probe.on('error', (error) => settle(failed(`Get "${url}": ${error.message}`)))
    probe.end()
  })
}

function probeTcp(clock: Clock, { host, port }: Place, asked: ProbeRequest): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const settle = (answer: ProbeAnswer): void => {
      cancel()
      socket.destroy()
      resolve(answer)
    }
    const tried = `dial tcp ${host}:${asked.port}`
    const cancel = clock.after(asked.timeoutMs, () => settle(failed(`${tried}: i/o timeout`)))
    socket.on('connect', () => settle({ ok: true }))
    socket.on('error', (error) => settle(failed(`${tried}: ${error.message}`)))
  })
}

function failed(message: string): ProbeAnswer {
  return { ok: false, message }
}
