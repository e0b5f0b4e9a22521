/** Releases through Traefik by canary annotations of ingress-nginx, which give no word at all. */
import { underLoad } from '../cluster/gateway.suite.ts'
import { traefikGround } from './traefik.ts'

underLoad('Traefik for ingress-nginx', traefikGround, { router: 'nginx' })
