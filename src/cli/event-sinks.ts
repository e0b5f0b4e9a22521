/** From the controller's settings to the sinks that it tells transitions to. */
import { readFile } from 'node:fs/promises'
import { fileSink } from '#controller/outbox/file.ts'
import { httpSink } from '#controller/outbox/http.ts'
import { kubernetesSink } from '#controller/outbox/kubernetes.ts'
import type { Sink } from '#controller/outbox/sink.ts'
import { type AddressRules, refuseUrl } from '#kube/address-guard.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { Reach } from '#kube/reach.ts'
import { UsageError } from '#releases/errors.ts'
import type { EventOptions } from './event-options.ts'
import { countOf, sizeOf } from './options.ts'

export type SinkParts = {
  readonly cluster: Cluster
  readonly instance: string
  readonly reach: Reach
  readonly now: () => number
}

/** Refuses at the start what could never work. */
export function checkEventOptions(options: EventOptions, rules: AddressRules): void {
  const { eventsUrl, eventsTokenFile, eventsFileSize, eventsFileKeep } = options
  sizeOf('--events-file-size', eventsFileSize)
  countOf('--events-file-keep', eventsFileKeep)
  if (eventsTokenFile !== undefined && eventsUrl === undefined)
    throw new UsageError('--events-token-file says nothing without --events-url')
  const why = eventsUrl === undefined ? undefined : refuseUrl(eventsUrl, rules)
  if (why !== undefined) throw new UsageError(`--events-url: ${why}`)
}

export function sinksOf(options: EventOptions, parts: SinkParts): readonly Sink[] {
  const { eventsUrl: url, eventsTokenFile: tokenFile, eventsFile: path } = options
  const { reach, now } = parts
  const token = tokenFile === undefined ? undefined : () => readFile(tokenFile, 'utf8')
  const maxBytes = sizeOf('--events-file-size', options.eventsFileSize)
  const kept = countOf('--events-file-keep', options.eventsFileKeep)
  return [
    ...(options.kubernetesEvents ? [kubernetesSink(parts.cluster, parts.instance)] : []),
    ...(url === undefined ? [] : [httpSink({ url, reach, token, now })]),
    ...(path === undefined ? [] : [fileSink({ path, maxBytes, kept })]),
  ]
}
