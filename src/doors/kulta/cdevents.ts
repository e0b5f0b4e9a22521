/** CDEvents for service transitions: 0.3.0 of the specification's 0.5.0, or 0.2.0 of its 0.4.1, as CloudEvents. */
import { fnv1a } from '#core/hash.ts'
import type { App } from '#core/model/app.ts'
import type { ReleaseEvent } from '#core/model/event.ts'
import type { Notebook } from '#core/model/notebook.ts'
import type { CloudEvent } from '#core/outbox/vocabulary.ts'
import { formatInstant } from '#core/time.ts'
import { experimentOf } from './experiment.ts'
import { group, type Rollout, storedVersion, strategyOf } from './rollout.ts'
import type { Transition } from './transitions.ts'

export type CdEventSettings = {
  /** Of the events; the document's is 0.3.0. */
  readonly version: '0.3.0' | '0.2.0'
  /** What `artifactId` is: the image as it is written, or its package URL. */
  readonly artifact: 'image' | 'purl'
}

export const plainCdEvents: CdEventSettings = { version: '0.3.0', artifact: 'image' }

type Told = NonNullable<Transition['told']>

const types: Readonly<Record<Told, string>> = {
  deployed: 'deployed',
  upgraded: 'upgraded',
  published: 'published',
  concluded: 'published',
  rolledback: 'rolledback',
}

const reasons: Readonly<Record<Told, string>> = {
  deployed: 'initialization',
  upgraded: 'step_advanced',
  published: 'completed',
  concluded: 'experiment_concluded',
  rolledback: 'analysis_failed',
}

const source = 'https://kulta.io'

/** The same for the same transition, however often it is told. */
export function cdEvent(
  event: ReleaseEvent,
  told: Told,
  { step }: Transition,
  about: { readonly rollout: Rollout; readonly app: App; readonly book: Notebook },
  { version, artifact }: CdEventSettings,
): CloudEvent {
  const { app } = about
  const id = idOf(event, told)
  const type = `dev.cdevents.service.${types[told]}.${version}`
  const timestamp = formatInstant(event.at)
  const subject = `/rollouts/${app.name}/${subjectOf(told, step?.index ?? 0)}`
  const common = { id, source, type, timestamp }
  const context =
    version === '0.3.0' ? { specversion: '0.5.0', ...common } : { version: '0.4.1', ...common }
  const data = {
    context,
    subject: {
      id: subject,
      source: `${source}/controller`,
      ...(version === '0.2.0' ? { type: 'service' } : {}),
      content: contentOf(event, told, app, artifact),
    },
    customData: { kulta: customOf(event, told, step, about) },
    customDataContentType: 'application/json',
  }
  return {
    specversion: '1.0',
    id,
    source,
    type,
    subject,
    time: timestamp,
    datacontenttype: 'application/json',
    data,
  }
}

/** A UUID of the kind that anybody may define (version 8), from the transition's own id. */
function idOf({ id }: ReleaseEvent, told: Told): string {
  const hex = fnv1a(`${id} ${told} 1`) + fnv1a(`${id} ${told} 2`)
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

function subjectOf(told: Told, index: number): string {
  switch (told) {
    case 'deployed':
      return 'initialization'
    case 'upgraded':
      return `step/${index}`
    case 'published':
      return 'completed'
    case 'concluded':
      return 'experiment-concluded'
    case 'rolledback':
      return 'rollback'
  }
}

function contentOf(
  { image }: ReleaseEvent,
  told: Told,
  { namespace, name }: App,
  artifact: CdEventSettings['artifact'],
): object {
  const environment = {
    id: `${namespace}/${name}`,
    source: `/apis/${group}/${storedVersion}/namespaces/${namespace}/rollouts/${name}`,
  }
  if (types[told] === 'published') return { environment }
  return { environment, artifactId: artifact === 'image' ? image : packageUrl(image) }
}

/** `pkg:oci/myapp?repository_url=myregistry/myapp&tag=v2.0.0`; the version of a package URL of this kind is a digest. */
export function packageUrl(image: string): string {
  const [tagged = '', digest] = image.split('@')
  const colon = tagged.lastIndexOf(':')
  const hasTag = colon > tagged.lastIndexOf('/')
  const repository = hasTag ? tagged.slice(0, colon) : tagged
  const tag = hasTag ? tagged.slice(colon + 1) : undefined
  const name = repository.slice(repository.lastIndexOf('/') + 1).toLowerCase()
  const version = digest === undefined ? '' : `@${encodeURIComponent(digest)}`
  const qualifiers = [
    `repository_url=${encodeURIComponent(repository).replaceAll('%2F', '/')}`,
    ...(tag === undefined ? [] : [`tag=${encodeURIComponent(tag)}`]),
  ]
  return `pkg:oci/${encodeURIComponent(name)}${version}?${qualifiers.join('&')}`
}

function customOf(
  event: ReleaseEvent,
  told: Told,
  step: Transition['step'],
  about: { readonly rollout: Rollout; readonly app: App; readonly book: Notebook },
): object {
  const { rollout, app } = about
  const { namespace, name, uid } = app
  const { generation = app.generation } = event
  return {
    version: 'v1',
    rollout: { name, namespace, uid, generation },
    strategy: strategyOf(rollout.spec),
    ...(told === 'concluded' ? { experiment: experimentTold(about) } : {}),
    ...(told === 'concluded' || step === undefined ? {} : { step }),
    decision: { reason: reasons[told] },
    image: event.image,
  }
}

function experimentTold({ app, book }: { readonly app: App; readonly book: Notebook }): object {
  const shown = experimentOf(app, book, undefined) ?? {}
  return {
    started_at: shown.startedAt,
    concluded_at: shown.concludedAt,
    sample_size_a: shown.sampleSizeA ?? 0,
    sample_size_b: shown.sampleSizeB ?? 0,
    winner: shown.winner,
    conclusion_reason: shown.conclusionReason,
    metrics: (shown.results ?? []).map((result) => ({
      name: result.name,
      value_a: result.valueA,
      value_b: result.valueB,
      confidence: result.confidence,
      is_significant: result.isSignificant,
      winner: result.winner,
    })),
  }
}
