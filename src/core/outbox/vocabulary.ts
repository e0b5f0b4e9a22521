/**
 * How transitions are said to the outside. The engine says what happened; a door chooses the words in which its people
 * and their programs know it. Pure: the same event gives the same messages, whenever it is told again.
 */
import type { KubeObject } from '../k8s/meta.ts'
import type { App } from '../model/app.ts'
import type { ReleaseEvent } from '../model/event.ts'
import type { Notebook } from '../model/notebook.ts'
import { formatInstant, formatMicroTime } from '../time.ts'

/** CloudEvents 1.0 in structured mode, with JSON data. */
export type CloudEvent = {
  readonly specversion: '1.0'
  /** With `source` unique among all events; the same for the same transition. */
  readonly id: string
  /** A URI reference. */
  readonly source: string
  readonly type: string
  readonly subject?: string
  /** RFC 3339. */
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly dataschema?: string
  readonly data: unknown
}

/** An Event of `events.k8s.io/v1` about the object that carries the release. */
export type KubernetesNote = {
  readonly type: 'Normal' | 'Warning'
  /** What was done, in one word of upper camel case. */
  readonly action: string
  readonly reason: string
  readonly note: string
}

/** What each sink is told of one transition; an empty list tells it nothing. */
export type Messages = {
  readonly kubernetes: readonly KubernetesNote[]
  readonly http: readonly CloudEvent[]
  /** Each becomes one line of JSON. */
  readonly file: readonly unknown[]
}

/** `object` is the one that carries the release, as it was read. */
export type Vocabulary = (
  event: ReleaseEvent,
  app: App,
  book: Notebook,
  object: KubeObject,
) => Messages

// Steps are told by status; an Event for each would double what a release costs the API server.
const quiet: ReadonlySet<string> = new Set(['StepAdvance'])
const warnings: ReadonlySet<string> = new Set(['Retreat', 'Return', 'Refuse', 'Abort'])

/** The engine's own words. */
export function plainVocabulary(
  event: ReleaseEvent,
  app: App,
  ..._more: readonly unknown[]
): Messages {
  const cloudEvent = cloudEventOf(event, app)
  return {
    kubernetes: quiet.has(event.action) ? [] : [noteOf(event)],
    http: [cloudEvent],
    file: [cloudEvent],
  }
}

export function noteOf({ action, reason, message }: ReleaseEvent): KubernetesNote {
  return {
    type: warnings.has(action) ? 'Warning' : 'Normal',
    action,
    reason,
    note: message,
  }
}

function cloudEventOf(event: ReleaseEvent, app: App): CloudEvent {
  const { id, at, action, ...told } = event
  const { owner, namespace, name, uid } = app
  return {
    specversion: '1.0',
    id,
    source: `/apis/${owner.apiVersion}/namespaces/${namespace}/${owner.kind}/${name}`,
    type: `dev.headgate.release.${kebab(action)}`,
    subject: event.revision,
    time: formatInstant(at),
    datacontenttype: 'application/json',
    data: { door: app.door, namespace, name, uid, action, ...told },
  }
}

function kebab(action: string): string {
  return action.replace(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase()
}

/** The Event's object. Its name follows from the event's id: a repeat is the same object. */
export function kubernetesEvent(
  { apiVersion, kind, metadata }: KubeObject,
  { id, at }: Pick<ReleaseEvent, 'id' | 'at'>,
  { type, action, reason, note }: KubernetesNote,
  instance: string,
): KubeObject {
  const namespace = metadata.namespace ?? 'default'
  const { name, uid } = metadata
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, longestName)}.${id}`, namespace },
    regarding: { apiVersion, kind, namespace, name, ...(uid === undefined ? {} : { uid }) },
    eventTime: formatMicroTime(at),
    type,
    action,
    reason,
    note: note.slice(0, longestNote),
    reportingController: 'headgate.dev/controller',
    reportingInstance: instance.slice(0, 128),
  } as KubeObject
}

const longestName = 200
const longestNote = 1024
