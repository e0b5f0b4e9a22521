/** The families of routes that the gateway serves; a further one is a line here. */
import { gatewayApi } from './gateway-api/source.ts'
import { istio } from './istio/source.ts'
import { ingressNginx } from './nginx/source.ts'
import type { OpenSource } from './source.ts'

/** In the order in which they are asked where hosts are equally specific. */
export const sources: readonly OpenSource[] = [gatewayApi, ingressNginx, istio]
