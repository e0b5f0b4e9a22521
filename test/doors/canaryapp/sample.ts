/** The document's sample, and what tests change in it. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Lookup } from '#core/api/reference.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { App } from '#core/model/app.ts'
import type { Notebook, Trial } from '#core/model/notebook.ts'
import { emptyNotebook } from '#core/pass.ts'
import { writtenHash } from '#core/revision.ts'
import {
  type CanaryApp,
  type CanaryAppSpec,
  type CanaryAppStatus,
  podTemplate,
  secondary,
} from '#doors/canaryapp/canary-app.ts'
import { readCanaryApp } from '#doors/canaryapp/read.ts'

export const sampleYaml = readFileSync('examples/canaryapp/canaryapp.yaml', 'utf8')

export const noLookup: Lookup = () => undefined

export const image = (tag: string): string => `atzedevries/go-status-code-server:${tag}`

/** As the API server would hand it out: with its defaults, its identity and a generation. */
export function sample(
  spec: Partial<CanaryAppSpec> = {},
  more: {
    readonly name?: string
    readonly status?: Partial<CanaryAppStatus>
    readonly metadata?: Partial<KubeObject['metadata']>
  } = {},
): CanaryApp {
  const written = parse(sampleYaml) as CanaryApp
  const defaults = {
    failWhenPrometheusFails: true,
    trafficShiftUpdateInterval: 30,
    deploymentReadyWaitTime: 20,
  }
  return {
    ...written,
    metadata: {
      name: more.name ?? written.metadata.name,
      namespace: 'default',
      uid: 'uid-1',
      resourceVersion: '7',
      generation: 1,
      creationTimestamp: '2026-11-21T03:00:00Z',
      ...more.metadata,
    },
    spec: { ...written.spec, ...defaults, ...spec },
    ...(more.status === undefined ? {} : { status: more.status as CanaryAppStatus }),
  }
}

/** @throws Error when it cannot be read. */
export function appOf(object: CanaryApp, lookup: Lookup = noLookup): App {
  const read = readCanaryApp(object, lookup)
  if (read.kind !== 'app') throw new Error(JSON.stringify(read.problems))
  return read.app
}

export const revisionOf = (object: CanaryApp, tag: string): string =>
  writtenHash(podTemplate(object, image(tag)))

export const at = Date.UTC(2026, 10, 21, 4)

/** A notebook in which v1 serves. */
export function serving(object: CanaryApp, changes: Partial<Notebook> = {}): Notebook {
  return {
    ...emptyNotebook(1, at),
    phase: 'Completed',
    stable: revisionOf(object, 'v1'),
    ...changes,
  }
}

/** v2 on trial at a step. */
export function trial(object: CanaryApp, changes: Partial<Trial> = {}): Trial {
  return {
    role: secondary,
    revision: revisionOf(object, 'v2'),
    startedAt: at,
    stage: { kind: 'steps' },
    step: 0,
    stepStartedAt: at,
    trafficSince: undefined,
    service: object.metadata.name,
    command: undefined,
    ...changes,
  }
}
