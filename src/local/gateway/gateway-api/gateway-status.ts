/** What the status of a GatewayClass and of a Gateway should say. */
import type { GatewayClass, GatewayStatus, ListenerStatus } from '#core/k8s/gateway-api.ts'
import type { Condition } from '#core/k8s/meta.ts'
import { schemeOf } from './attachment.ts'
import { type Claim, conditions } from './conditions.ts'
import type { ServedGateway } from './wire.ts'

const group = 'gateway.networking.k8s.io'
const kinds = [
  { group, kind: 'HTTPRoute' },
  { group, kind: 'GRPCRoute' },
] as const

export function classStatus(
  { status, metadata }: GatewayClass,
  now: number,
): { readonly conditions: readonly Condition[] } {
  const claim: Claim = {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: 'GatewayClass is served',
  }
  return { conditions: conditions([claim], status?.conditions, metadata.generation, now) }
}

/** @param attached routes attached to a listener, by its name */
export function gatewayStatus(
  { spec, status, metadata }: ServedGateway,
  facts: {
    readonly address: string
    readonly attached: ReadonlyMap<string, number>
    /** Why a listener has no certificate, by its name. */
    readonly certificateDefects: ReadonlyMap<string, string>
    readonly now: number
  },
): GatewayStatus {
  const { generation } = metadata
  const served = spec.listeners.filter((listener) => schemeOf(listener) !== undefined).length
  const claims: readonly Claim[] =
    served > 0
      ? [claim('Accepted', true, 'Accepted'), claim('Programmed', true, 'Programmed')]
      : [claim('Accepted', false, 'ListenersNotValid'), claim('Programmed', false, 'Invalid')]
  return {
    addresses: [{ type: 'IPAddress', value: facts.address }],
    conditions: conditions(claims, status?.conditions, generation, facts.now),
    listeners: spec.listeners.map((listener): ListenerStatus => {
      const before = status?.listeners?.find(({ name }) => name === listener.name)
      const ok = schemeOf(listener) !== undefined
      const defect = facts.certificateDefects.get(listener.name)
      const own = [
        claim('Accepted', ok, ok ? 'Accepted' : 'UnsupportedProtocol'),
        claim('Programmed', ok, ok ? 'Programmed' : 'Invalid'),
        defect === undefined
          ? claim('ResolvedRefs', true, 'ResolvedRefs')
          : { ...claim('ResolvedRefs', false, 'InvalidCertificateRef'), message: defect },
      ]
      return {
        name: listener.name,
        supportedKinds: ok ? kinds : [],
        attachedRoutes: facts.attached.get(listener.name) ?? 0,
        conditions: conditions(own, before?.conditions, generation, facts.now),
      }
    }),
  }
}

function claim(type: string, holds: boolean, reason: string): Claim {
  const message = holds
    ? `${type}`
    : 'only HTTP, and HTTPS that ends here, are served; give a listener the protocol HTTP'
  return { type, status: holds ? 'True' : 'False', reason, message }
}
