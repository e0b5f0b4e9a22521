/** Releases through Traefik by the Gateway API: its word runs ahead of what it does. */
import { underLoad } from '../cluster/gateway.suite.ts'
import { traefikGround } from './traefik.ts'

underLoad('Traefik', traefikGround)
