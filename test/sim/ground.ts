/**
 * What every run stands on and none of them changes: an API server with the definitions, the gateway's class and the
 * node, whose local parts have come to rest once. Each run begins with a copy of it.
 */
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { doors } from '#doors/register.ts'
import { connectTo } from '#kube/connect.ts'
import type { Ports } from '#kube/ports.ts'
import { type VirtualClock, virtualClock } from '#kube/virtual-clock.ts'
import { type ApiServer, createApiServer } from '#local/api-server/api-server.ts'
import { gatewayApiCrds, localGateway, localGatewayClass } from '#local/crds/gateway-api.ts'
import { nginxIngressClass } from '#local/crds/ingress-nginx.ts'
import { istioCrds } from '#local/crds/istio.ts'
import { followGateway, startLocalParts } from './parts.ts'
import { podsOver } from './pods.ts'
import { diceOf, idsOf } from './random.ts'

export const beginning = Date.UTC(2026, 10, 21)
/** The first resourceVersion, so that versions have as many digits in every run. */
const firstRevision = 1000
const ownIds = 2
const settleMs = 1500

let kept: Promise<ApiServer> | undefined

export function groundOf(): Promise<ApiServer> {
  kept ??= prepare()
  return kept
}

async function prepare(): Promise<ApiServer> {
  const time = virtualClock(beginning - 60_000)
  const ports: Ports = {
    clock: time.clock,
    random: diceOf(0, 'ground').next,
    newId: idsOf(ownIds),
  }
  const server = await createApiServer(ports, { firstRevision, tracksOwners: false })
  const ways = [server.transport(), server.transport(), server.transport()] as const
  const setUp = connectTo(ways[0], ports, { fieldManager: 'set-up' })
  const make = async (): Promise<void> => {
    for (const crd of definitions()) await setUp.create(kinds.customResourceDefinition, crd)
    await setUp.create(kinds.ingressClass, nginxIngressClass)
    await setUp.create(kinds.gatewayClass, localGatewayClass)
    await setUp.create(kinds.gateway, localGateway(80))
    await startLocalParts(ways[1], ports, podsOver(time.clock), undefined)
    await followGateway(ways[2], ports, 'gateway-api')
  }
  await inTime(time, make())
  await time.advance(settleMs)
  for (const way of ways) await way.close()
  return server
}

/** Lets virtual time pass until a promise is kept. @throws Error when it is not within a minute. */
export async function inTime<T>(time: VirtualClock, promise: Promise<T>): Promise<T> {
  let kept = false
  const watched = promise.finally(() => {
    kept = true
  })
  watched.catch(() => undefined)
  if (!(await time.advanceUntil(() => kept, 60_000))) throw new Error('the cluster does not start')
  return watched
}

/**
 * The definitions that a release meets, without rules in CEL and versions that nobody here speaks: those are shown
 * elsewhere, and here they would cost more than all that is tested.
 */
function definitions(): readonly KubeObject[] {
  return [...gatewayApiCrds(), ...istioCrds(), ...doors.flatMap(({ crds }) => crds)].map(slim)
}

type Definition = KubeObject & {
  readonly spec: { readonly versions: readonly { readonly storage: boolean }[] }
}

function slim(crd: KubeObject): KubeObject {
  const { spec, ...rest } = crd as Definition
  const versions = spec.versions.filter(({ storage }) => storage)
  const text = JSON.stringify({ ...rest, spec: { ...spec, versions } }, (name, value: unknown) =>
    name === 'x-kubernetes-validations' || name === 'description' ? undefined : value,
  )
  return JSON.parse(text) as KubeObject
}
