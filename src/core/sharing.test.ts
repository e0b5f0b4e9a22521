/** Who shares a host is told by whom, and only as long as it is so. */
import { expect, test } from 'vitest'
import type { Observed } from './observed.ts'
import { hostConditions } from './sharing.ts'

const given = (sharers: Observed['sharers']): Observed =>
  ({ app: { generation: 3 }, ...(sharers === undefined ? {} : { sharers }) }) as Observed

test('nobody who shares, no condition', () => {
  expect(hostConditions(given(undefined))).toEqual([])
  expect(hostConditions(given([]))).toEqual([])
})

test('CD14: each host is named with who takes it', () => {
  const [condition] = hostConditions(
    given([
      { claim: '*', by: 'canaryapp/a/one' },
      { claim: 'shop.example.com', by: 'canaryapp/a/two' },
    ]),
  )
  expect(condition).toMatchObject({ type: 'HostConflict', status: 'True', observedGeneration: 3 })
  expect(condition?.message).toBe(
    'canaryapp/a/one takes requests for any host too; canaryapp/a/two is reached under shop.example.com too, and came first; give one of the two hosts of its own',
  )
})
