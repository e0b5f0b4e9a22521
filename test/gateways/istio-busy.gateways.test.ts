/** The same in a mesh that never rests: pilot gathers changes as long as they come, and the drain time is to cover that. */
import type { VirtualService } from '#core/k8s/istio.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { sleep } from '#kube/ports.ts'
import { systemClock } from '#kube/system.ts'
import { underLoad } from '../cluster/gateway.suite.ts'
import type { RealGround } from '../cluster/ground.ts'
import { istioGround } from './istio.ts'

/** Changes that somebody else makes at a time, and the pause after each: one every 25 ms or so. */
const lanes = 4
const pauseMs = 60
const name = 'somebody-else'

/** PILOT_DEBOUNCE_MAX is ten seconds. */
underLoad('Istio in a mesh that never rests', restless, { router: 'istio' })

async function restless(): Promise<RealGround> {
  const ground = await istioGround()
  const { cluster } = ground
  const clock = systemClock()
  let isOver = false
  let changes = 0
  await cluster.create(kinds.virtualService, elsewhere(0))
  const lane = async (): Promise<void> => {
    while (!isOver) {
      changes += 1
      const { spec } = elsewhere(changes)
      await cluster.patch(kinds.virtualService, { namespace: 'default', name }, 'merge', { spec })
      await sleep(clock, pauseMs)
    }
  }
  const all = Promise.all(Array.from({ length: lanes }, lane))
  all.catch(() => undefined)
  return {
    ...ground,
    stop: async () => {
      isOver = true
      // One that ended early would have made the mesh quiet.
      try {
        await all
      } finally {
        await ground.stop()
      }
      console.log(`a mesh that never rests: ${changes} changes`)
    },
  }
}

/** A route of the same gateway under a host of its own, another one for each number. */
function elsewhere(number: number): VirtualService {
  const destination = { host: 'selector-stable', port: { number: 80 } }
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace: 'default' },
    spec: {
      hosts: [`${name}.example.com`],
      gateways: ['selector'],
      http: [{ timeout: `${1 + (number % 100)}s`, route: [{ destination }] }],
    },
  } as VirtualService
}
