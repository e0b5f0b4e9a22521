/** Releases through a gateway that is not ours: Contour with Envoy. */
import { contourGround } from './contour.ts'
import { underLoad } from './gateway.suite.ts'

underLoad('Contour with Envoy', contourGround)
