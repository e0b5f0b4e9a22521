/** Changes how many pods a workload has: only as it was seen. */
import type { Write } from '../decision.ts'
import type { App } from '../model/app.ts'
import type { WorkloadSeen } from '../observed.ts'
import { workloadRef } from '../render/workload.ts'

export function scale(app: App, { kind, name, ...seen }: WorkloadSeen, replicas: number): Write {
  const patch = [
    { op: 'test', path: '/metadata/uid', value: seen.uid },
    { op: 'test', path: '/metadata/resourceVersion', value: seen.resourceVersion },
    { op: 'test', path: '/spec/replicas', value: seen.replicas },
    { op: 'replace', path: '/spec/replicas', value: replicas },
  ] as const
  return { kind: 'patch', ref: workloadRef(app, { kind, name }), patch }
}
