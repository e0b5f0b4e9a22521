/** Events that were lost for good: experiments that are under way are read from Superposition now and then. */

import type { Log } from '#kube/log.ts'
import { type Clock, sleep } from '#kube/ports.ts'
import { readEvent, type State } from './event.ts'
import type { Experiment } from './experiment.ts'
import { isOver } from './ledger.ts'
import type { Settings } from './settings.ts'
import { record, type StoreParts } from './store.ts'
import type { SuperpositionApi } from './superposition-api.ts'

export type ResyncParts = {
  readonly store: StoreParts
  readonly api: Pick<SuperpositionApi, 'experiment'>
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
}

const eventFor: Readonly<Record<State, string>> = {
  CREATED: 'ExperimentCreated',
  INPROGRESS: 'ExperimentInprogress',
  PAUSED: 'ExperimentPaused',
  CONCLUDED: 'ExperimentConcluded',
  DISCARDED: 'ExperimentDiscarded',
}

export function startResync(
  parts: ResyncParts,
  isLeader: () => boolean,
): { readonly stop: () => Promise<void> } {
  const { settings, clock } = parts
  const stopping = new AbortController()
  const { signal } = stopping
  const loop = async (everyMs: number): Promise<void> => {
    for (;;) {
      await sleep(clock, everyMs, signal)
      if (signal.aborted) return
      if (isLeader()) await resync(parts, signal)
    }
  }
  const running = settings.resyncMs === undefined ? Promise.resolve() : loop(settings.resyncMs)
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

async function resync({ store, api, log }: ResyncParts, signal: AbortSignal): Promise<void> {
  for (const { spec, metadata } of [...store.records.values()]) {
    if (signal.aborted) return
    if (isOver(spec.state) || spec.experiment === undefined) continue
    try {
      const payload = await api.experiment({ ...spec, id: spec.experiment })
      const event = payload === undefined ? undefined : asEvent(spec, payload)
      if (event !== undefined) await record(store, event)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      log.warn({ experiment: metadata.name, why }, 'an experiment could not be read again')
    }
  }
}

/** What Superposition answers is what its events hold. */
function asEvent({ organisation, workspace }: Experiment['spec'], payload: unknown) {
  const { status } = payload as { readonly status?: State }
  const name = status === undefined ? undefined : eventFor[status]
  if (name === undefined) return undefined
  const info = { webhook_event: name, workspace_id: workspace, organisation_id: organisation }
  const event = readEvent(JSON.stringify({ event_info: info, payload }))
  return event.kind === 'experiment' ? event : undefined
}
