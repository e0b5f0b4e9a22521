/** Repeats one probe of one container at its period, and tells when its thresholds are passed. */
import type { Cancel, Clock } from '#kube/ports.ts'
import type { Container, Probe } from '../controllers/shapes.ts'
import type { ProbeAnswer, ProbeRequest } from './runtime.ts'

export type ProberOptions = {
  readonly clock: Clock
  readonly probe: Probe
  readonly execute: () => Promise<ProbeAnswer>
  /** Told when the threshold of successes or failures is reached, and at every result beyond it. */
  readonly verdict: (ok: boolean, message: string) => void
  /** Told of every single failure. */
  readonly failed: (message: string) => void
}

/** Returns what ends it; no answer is heard after that. */
export function startProber(options: ProberOptions): Cancel {
  const { clock, probe, execute, verdict, failed } = options
  const periodMs = (probe.periodSeconds ?? 10) * 1000
  let stopped = false
  let cancel: Cancel = () => undefined
  const streak = { ok: true, length: 0 }

  const once = async (): Promise<void> => {
    const startedAt = clock.monotonic()
    const answer = await execute()
    if (stopped) return
    streak.length = streak.ok === answer.ok ? streak.length + 1 : 1
    streak.ok = answer.ok
    const threshold = answer.ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
    if (!answer.ok) failed(answer.message)
    if (streak.length >= threshold) verdict(answer.ok, answer.ok ? '' : answer.message)
    if (stopped) return
    const spent = clock.monotonic() - startedAt
    cancel = clock.after(Math.max(0, periodMs - spent), () => void once())
  }
  cancel = clock.after((probe.initialDelaySeconds ?? 0) * 1000, () => void once())
  return () => {
    stopped = true
    cancel()
  }
}

/** What to ask over the network; undefined for exec and gRPC probes, which count as passed here. */
export function probeRequest(probe: Probe, container: Container): ProbeRequest | undefined {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  const { httpGet, tcpSocket } = probe
  if (httpGet !== undefined) {
    const headers = Object.fromEntries(
      (httpGet.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value]),
    )
    const path = httpGet.path ?? '/'
    return {
      kind: 'http',
      port: portNumber(httpGet.port, container),
      path: path.startsWith('/') ? path : `/${path}`,
      headers,
      timeoutMs,
    }
  }
  if (tcpSocket === undefined) return undefined
  return { kind: 'tcp', port: portNumber(tcpSocket.port, container), timeoutMs }
}

function portNumber(port: number | string, container: Container): number {
  if (typeof port === 'number') return port
  const named = container.ports?.find(({ name }) => name === port)
  return named?.containerPort ?? Number(port)
}
