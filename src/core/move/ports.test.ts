/** Ports of a Service that we made: what comes is there before it is used, what goes stays as long as it is. */
import { describe, expect, test } from 'vitest'
import type { Facts } from '../facts.ts'
import type { ServicePort } from '../k8s/workloads.ts'
import type { Observed, ServiceSeen } from '../observed.ts'
import { lacksPorts, movePorts } from './ports.ts'

const now = 5000
const http = (port: number, name = 'http'): ServicePort => ({ name, port, targetPort: 'http' })

type Case = {
  readonly wanted?: readonly ServicePort[]
  readonly has: readonly ServicePort[]
  readonly routed?: readonly number[]
  readonly settled?: boolean
  readonly ours?: boolean
}

function seenOf({ has, ours = true }: Case): ServiceSeen {
  const known = { name: 'shop', uid: 'u', resourceVersion: '7', selector: {}, foreign: undefined }
  return { ...known, ports: has, ours }
}

function factsOf({ wanted, routed = [], settled = true }: Case): Facts {
  return {
    app: {
      namespace: 'default',
      services: { stable: 'shop' },
      ...(wanted === undefined ? {} : { made: { service: { ports: wanted } } }),
    },
    router: { ports: () => routed },
    weights: { stable: 100 },
    drainedAt: settled ? now : now + 1,
  } as unknown as Facts
}

/** The ports that are written; undefined where nothing is. */
function written(given: Case): readonly unknown[] | undefined {
  const [write] = movePorts({ routes: {} } as Observed, factsOf(given), seenOf(given), now)
  if (write?.kind !== 'patch') return undefined
  const last = write.patch.at(-1)
  return last !== undefined && 'value' in last ? (last.value as readonly unknown[]) : undefined
}

describe('what is written', () => {
  const rows = [
    ['nothing where nobody says a word', { has: [http(80)] }, undefined],
    ['nothing where all is there', { wanted: [http(80)], has: [http(80)] }, undefined],
    [
      'nothing into a Service of somebody else',
      { wanted: [http(90)], has: [], ours: false },
      undefined,
    ],
    [
      'what comes beside what is used',
      { wanted: [http(90)], has: [http(80)], routed: [80] },
      [http(80), http(90, 'http-90')],
    ],
    [
      'nothing while a route names the old one',
      { wanted: [http(90)], has: [http(80), http(90, 'http-90')], routed: [80] },
      undefined,
    ],
    [
      'nothing while the gateway still follows',
      { wanted: [http(90)], has: [http(80), http(90, 'http-90')], routed: [90], settled: false },
      undefined,
    ],
    [
      'what nobody uses goes, and nothing is renamed',
      { wanted: [http(90)], has: [http(80), http(90, 'http-90')], routed: [90] },
      [http(90, 'http-90')],
    ],
    ['nothing then', { wanted: [http(90)], has: [http(90, 'http-90')], routed: [90] }, undefined],
  ] as const satisfies readonly (readonly [string, Case, unknown])[]
  for (const [name, given, ports] of rows) test(name, () => expect(written(given)).toEqual(ports))
})

test('a route waits for a port that is not there yet', () => {
  const lacks = (given: Case): boolean =>
    lacksPorts({ services: { shop: seenOf(given) } } as unknown as Observed, factsOf(given))
  expect(lacks({ wanted: [http(90)], has: [http(80)] })).toBe(true)
  expect(lacks({ wanted: [http(90)], has: [http(80), http(90)] })).toBe(false)
  expect(lacks({ wanted: [http(90)], has: [http(80)], ours: false })).toBe(false)
  expect(lacks({ has: [http(80)] })).toBe(false)
})
