/**
 * Requests as Istio's own proxy counts them, from the counters of a stock Envoy, which lacks Istio's filter for it; where
 * Prometheus scrapes the gateway.
 */
import { createServer } from 'node:http'
import { join } from 'node:path'
import { forwardInside } from '../cluster/from-outside.ts'
import type { Inside } from '../cluster/inside-process.ts'
import type { EnvoyAdmin } from './envoy-admin.ts'

type Place = {
  readonly admin: EnvoyAdmin
  readonly folder: string
  /** In the cluster's network namespace. */
  readonly at: { readonly host: string; readonly port: number }
}

/** Resolves when it can be scraped. */
export async function openEnvoyMetrics(pid: number, { admin, folder, at }: Place): Promise<Inside> {
  const socket = join(folder, 'metrics.sock')
  const server = createServer((_request, response) => {
    admin.ask('/stats?filter=upstream_rq_').then(
      (stats) => response.end(istioRequests(stats)),
      () => response.writeHead(503).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const inside = await forwardInside(pid, [{ from: at, to: socket }])
  return {
    ...inside,
    end: async () => {
      await inside.end()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const counter =
  /^cluster\.outbound\|\d+\|([^|]*)\|([^.;]+)\.([^.;]+)\.svc\.cluster\.local;?\.upstream_rq_(\d{3}): (\d+)$/

/** The text format of what `GET /stats` says of answers, by subset and status. */
function istioRequests(stats: string): string {
  const lines = stats.split('\n').flatMap((line) => {
    const found = counter.exec(line)
    if (found === null) return []
    const [, subset, service, namespace, code, count] = found
    const labels = [
      'reporter="source"',
      `destination_service_name="${service}"`,
      `destination_service_namespace="${namespace}"`,
      `destination_workload="${service}${subset === '' ? '' : `-${subset}`}"`,
      `response_code="${code}"`,
    ]
    return [`istio_requests_total{${labels.join(',')}} ${count}`]
  })
  return ['# TYPE istio_requests_total counter', ...lines, ''].join('\n')
}
