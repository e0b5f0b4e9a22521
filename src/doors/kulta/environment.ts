/** The variables of KULTA's own controller: what each of them means here. */
import type { Configured, DoorSink, Environment } from '../door.ts'
import { advisorSink } from './advisor.ts'
import { plainCdEvents } from './cdevents.ts'
import { kultaWith } from './door.ts'

const maxBytes = 10 * 1024 * 1024
/** Full files that are kept; the original emptied its only one. */
const kept = 3

/** RUST_LOG's words where they are not ours. */
const levels: Readonly<Record<string, string>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  off: 'silent',
}

export function configuredBy(env: Environment): Configured {
  const prometheus = filled(env['KULTA_PROMETHEUS_ADDRESS'])
  const cluster = filled(env['KULTA_CLUSTER_NAME'])
  const url =
    env['KULTA_CDEVENTS_ENABLED'] === 'true' ? filled(env['KULTA_CDEVENTS_SINK_URL']) : undefined
  const logLevel = levelOf(env['RUST_LOG'])
  const occurrenceUrl = filled(env['KULTA_OCCURRENCE_URL'])
  const door = kultaWith({
    ...(prometheus === undefined ? {} : { prometheus }),
    ...(cluster === undefined ? {} : { cluster }),
    cdEvents: {
      version: env['KULTA_CDEVENTS_VERSION'] === '0.2.0' ? '0.2.0' : plainCdEvents.version,
      artifact: env['KULTA_CDEVENTS_ARTIFACT_ID'] === 'purl' ? 'purl' : plainCdEvents.artifact,
    },
  })
  return {
    door,
    sinks: [
      ...http('cdevents', 'http', url),
      occurrences(filled(env['KULTA_OCCURRENCE_DIR'])),
      ...http('occurrences-http', 'file', occurrenceUrl),
      advisorSink(cluster),
    ],
    trusted: [prometheus, url, occurrenceUrl].filter((one) => one !== undefined),
    ...(logLevel === undefined ? {} : { logLevel }),
  }
}

function http(name: string, of: 'http' | 'file', url: string | undefined): readonly DoorSink[] {
  return url === undefined ? [] : [{ kind: 'http', name, of, url }]
}

function occurrences(path: string | undefined): DoorSink {
  const folder = path === undefined ? { temporary: 'kulta' } : { path }
  return { kind: 'file', name: 'occurrences', folder, file: 'occurrence.json', maxBytes, kept }
}

function filled(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text.trim()
}

/** `info`, or the first directive of a list that names no module: `kube=warn,info`. */
function levelOf(text: string | undefined): string | undefined {
  const plain = text?.split(',').find((part) => !part.includes('='))
  return plain === undefined ? undefined : levels[plain.trim().toLowerCase()]
}
