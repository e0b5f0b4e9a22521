/** Releases through a real Envoy that Istio's own pilot programs; of a VirtualService nobody says that it was taken up. */
import { underLoad } from '../cluster/gateway.suite.ts'
import { istioGround } from './istio.ts'

underLoad('Istio', istioGround, { router: 'istio' })
