/** KULTA's variables, and the forms of its events that they choose. */
import { describe, expect, test } from 'vitest'
import type { ReleaseEvent } from '#core/model/event.ts'
import { problemsOfCdEvent } from '#test/doors/kulta/published.ts'
import { cdEvent, packageUrl } from './cdevents.ts'
import { configuredBy } from './environment.ts'
import { ulid } from './occurrences.ts'
import { readRollout } from './read.ts'
import type { Rollout } from './rollout.ts'

const url = 'http://event-collector:8080/events'

describe('variables', () => {
  test('events leave only when they are switched on and have somewhere to go', () => {
    const names = (env: Record<string, string>): readonly string[] =>
      configuredBy(env).sinks.map(({ name }) => name)
    const others = ['occurrences', 'advisor']
    expect(names({})).toEqual(others)
    expect(names({ KULTA_CDEVENTS_SINK_URL: url })).toEqual(others)
    expect(names({ KULTA_CDEVENTS_ENABLED: 'true' })).toEqual(others)
    expect(names({ KULTA_CDEVENTS_ENABLED: '1', KULTA_CDEVENTS_SINK_URL: url })).toEqual(others)
    expect(names({ KULTA_CDEVENTS_ENABLED: 'true', KULTA_CDEVENTS_SINK_URL: url })).toEqual([
      'cdevents',
      ...others,
    ])
  })

  test('occurrences go to occurrence.json of a folder, which is bounded, and to an address if there is one', () => {
    const sinksOf = (env: Record<string, string>) => configuredBy(env).sinks
    const file = { kind: 'file', file: 'occurrence.json', maxBytes: 10_485_760 }
    expect(sinksOf({})[0]).toMatchObject({ ...file, folder: { temporary: 'kulta' } })
    const named = sinksOf({ KULTA_OCCURRENCE_DIR: '/var/kulta', KULTA_OCCURRENCE_URL: url })
    expect(named).toMatchObject([
      { ...file, folder: { path: '/var/kulta' } },
      { kind: 'http', of: 'file', url },
      { kind: 'ask' },
    ])
  })

  test('addresses that the administrator names may be asked; RUST_LOG is the level', () => {
    const { trusted, logLevel } = configuredBy({
      KULTA_PROMETHEUS_ADDRESS: 'http://prometheus:9090',
      KULTA_CDEVENTS_ENABLED: 'true',
      KULTA_CDEVENTS_SINK_URL: url,
      RUST_LOG: 'kube=warn,debug',
    })
    expect([trusted, logLevel]).toEqual([['http://prometheus:9090', url], 'debug'])
    expect(configuredBy({ RUST_LOG: 'kube=warn' }).logLevel).toBeUndefined()
    expect(configuredBy({ RUST_LOG: 'trace' }).logLevel).toBe('debug')
  })
})

const event: ReleaseEvent = {
  id: '0123456789abcdef',
  at: Date.UTC(2026, 10, 21, 3, 0, 0, 123),
  action: 'Start',
  reason: 'StepCompleted',
  message: 'goes on trial',
  revision: '6f9c000000',
  role: 'canary',
  step: 0,
  by: undefined,
  image: 'registry.example.com:5000/team/myapp:v2.0.0',
}
const rollout: Rollout = {
  apiVersion: 'kulta.io/v1beta1',
  kind: 'Rollout',
  metadata: { name: 'shop', namespace: 'default', uid: 'u1' },
  spec: {
    selector: { matchLabels: { app: 'shop' } },
    template: {
      metadata: { labels: { app: 'shop' } },
      spec: { containers: [{ name: 'a', image: 'b' }] },
    },
    strategy: { simple: {} },
  },
}

describe('CDEvents', () => {
  const read = readRollout(rollout, {})
  const told = (version: '0.2.0' | '0.3.0', artifact: 'image' | 'purl') => {
    if (read.kind !== 'app') throw new Error('the Rollout is well')
    const about = { rollout, app: read.app, book: {} as never }
    const transition = { told: 'deployed', phase: 'Progressing', step: undefined } as const
    return cdEvent(event, 'deployed', transition, about, { version, artifact })
  }

  test('0.2.0 on request: version instead of specversion, and the type of the subject', () => {
    expect(told('0.2.0', 'image')).toMatchObject({
      type: 'dev.cdevents.service.deployed.0.2.0',
      data: { context: { version: '0.4.1' }, subject: { type: 'service' } },
    })
    expect(told('0.3.0', 'image').data).not.toHaveProperty('subject.type')
    for (const version of ['0.2.0', '0.3.0'] as const) {
      const { type, data } = told(version, 'purl')
      expect(problemsOfCdEvent(type, data)).toEqual([])
    }
  })

  test('the artifact is the image as it is written, or its package URL; the image is kept in any case', () => {
    expect(told('0.3.0', 'image')).toMatchObject({
      data: { subject: { content: { artifactId: event.image } } },
    })
    expect(told('0.3.0', 'purl')).toMatchObject({
      data: {
        subject: {
          content: {
            artifactId:
              'pkg:oci/myapp?repository_url=registry.example.com%3A5000/team/myapp&tag=v2.0.0',
          },
        },
        customData: { kulta: { image: event.image } },
      },
    })
    expect(packageUrl('myapp@sha256:ab')).toBe('pkg:oci/myapp@sha256%3Aab?repository_url=myapp')
  })

  test('the same transition has the same id, another one another', () => {
    expect(told('0.3.0', 'image').id).toBe(told('0.3.0', 'purl').id)
    expect(ulid(event.at, 'a')).toBe(ulid(event.at, 'a'))
    expect(ulid(event.at, 'a')).not.toBe(ulid(event.at, 'b'))
    expect(ulid(event.at, 'a') < ulid(event.at + 1, 'a')).toBe(true)
  })
})
