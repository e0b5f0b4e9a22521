/** What all handlers of the dashboard stand on. */
import type { Cluster } from '#kube/cluster.ts'
import type { Log } from '#kube/log.ts'
import type { Clock } from '#kube/ports.ts'
import type { Access } from '../access.ts'
import type { LiveList } from '../live/list.ts'
import type { LookAt } from '../live/one.ts'
import type { Pages } from './pages.ts'

export type House = {
  readonly cluster: Cluster
  /** The clock of the releases: the trusted one. */
  readonly clock: Clock
  readonly access: Access
  /** Nobody may act through this dashboard. */
  readonly readOnly: boolean
  readonly version: string
  readonly list: LiveList
  readonly lookAt: LookAt
  readonly pages: Pages
  readonly log: Log
}
