/** The one list of traffic routers. A new one is a file and a line here. */
import { gatewayApi, grpcRoute } from './gateway-api.ts'
import { istio } from './istio.ts'
import { nginx } from './nginx.ts'
import { noRouter } from './none.ts'
import { overAll } from './over-all.ts'
import type { Router } from './router.ts'
import { plainService } from './service.ts'

const list: readonly Router[] = [gatewayApi, grpcRoute, nginx, istio]
  .map(overAll)
  .concat(plainService, noRouter)

export const routers: Readonly<Record<string, Router>> = Object.fromEntries(
  list.map((router) => [router.name, router]),
)

export const routerNames: readonly string[] = list.map((router) => router.name)
