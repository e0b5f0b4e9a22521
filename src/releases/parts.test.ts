/** Which roles run a revision. */
import { expect, test } from 'vitest'
import type { Workload } from '#core/k8s/workloads.ts'
import { labels } from '#core/render/names.ts'
import type { Entry } from './entry.ts'
import { revisionsFrom } from './parts.ts'

function workload(revision: string): Workload {
  const metadata = {
    name: `mail-${revision}`,
    labels: { [labels.revision]: revision },
    ownerReferences: [{ uid: 'u' }],
  }
  return { metadata, spec: {} } as unknown as Workload
}

test('a trial without a Service of its own runs its revision, what is kept runs in no role', () => {
  const roles = [{ role: 'stable', revision: 'r1', wanted: 100, confirmed: 100 }]
  const book = { stable: 'r1', roles, trials: [{ role: 'next', revision: 'r2' }] }
  const entry = { object: { metadata: { uid: 'u' } }, book } as unknown as Entry
  const found = revisionsFrom(entry, ['r0', 'r1', 'r2'].map(workload), [])
  expect(Object.fromEntries(found.map((one) => [one.revision, one.roles]))).toEqual({
    r0: [],
    r1: ['stable'],
    r2: ['next'],
  })
})
