/** The fault catalogue: what each kind of fault does when it begins and ends, beyond what the wire does by itself. */
import type { Cluster } from './cluster.ts'
import type { Instance } from './instance.ts'
import type { Monkey } from './monkey.ts'
import type { People } from './people.ts'
import { type FaultKind, type Strike, verbs } from './plan.ts'

export type Struck = {
  readonly cluster: Cluster
  readonly instances: readonly Instance[]
  readonly monkey: Monkey
  readonly people: People
}

type Effect = (struck: Struck, own: Instance, strike: Strike) => void
type Fault = {
  /** One sentence for the story. */
  readonly says: string
  readonly begins?: Effect
  readonly ends?: Effect
}

const day = 86_400_000
const hour = 3_600_000
const crashesAtRest: Effect = (_struck, own, strike) => {
  // No write came along: the process dies while it waits.
  if (strike.variant % 5 === 4) own.crash()
}

export const catalogue: Readonly<Record<FaultKind, Fault>> = {
  'crash-before': { says: 'dies before a write is applied', ends: crashesAtRest },
  'crash-applied': {
    says: 'dies after a write is applied, before the answer',
    ends: crashesAtRest,
  },
  'crash-after': { says: 'dies after the answer to a write', ends: crashesAtRest },
  stale: { says: 'is told of changes late' },
  'time-travel': {
    says: 'reconnects to a server that lags behind',
    begins: (_struck, own) => own.wire()?.expireStreams(),
  },
  'lost-events': {
    says: 'misses watch events until its next list',
    ends: (_struck, own) => own.wire()?.expireStreams(),
  },
  'twisted-events': { says: 'gets watch events twice, as others or of nobody' },
  'half-open': { says: 'has watches on which nothing comes any more' },
  malformed: { says: 'gets lines that make no sense' },
  conflict: { says: 'meets conflicts' },
  gone: {
    says: 'hears that its versions are gone',
    begins: (_struck, own, { variant }) =>
      variant % 4 === 3 ? own.wire()?.expireStreams() : own.wire()?.endStreams(),
    ends: (_struck, own) => own.wire()?.endStreams(),
  },
  refused: { says: 'is refused by the server' },
  'timed-out': { says: 'gets no answer to writes that were applied' },
  compaction: {
    says: 'finds the history compacted',
    begins: ({ cluster }, own) => {
      cluster.store.compact()
      own.wire()?.endStreams()
    },
  },
  outage: {
    says: 'cannot reach the server',
    begins: (_struck, own) => own.wire()?.endStreams(),
  },
  restart: {
    says: 'sees the server restart, which remembers no history',
    begins: ({ cluster, instances }) => {
      cluster.store.compact()
      for (const one of instances) one.wire()?.endStreams()
    },
  },
  slow: { says: 'waits long for every answer' },
  admission: { says: 'meets admission webhooks that refuse, fail or change what is written' },
  frozen: {
    says: 'stands frozen',
    begins: (_struck, own) => own.clock()?.freeze(),
    ends: (_struck, own) => own.clock()?.thaw(),
  },
  partition: { says: 'cannot renew its lease' },
  clock: {
    says: 'has a clock that is off',
    begins: (_struck, own, { variant }) => upset(own, variant),
  },
  metrics: { says: 'gets bad answers from Prometheus' },
  flapping: { says: 'sees a metric go up and down about its limit' },
  interference: {
    says: 'works beside somebody who edits what is not theirs',
    begins: ({ monkey, cluster }, _own, { variant, forMs }) => {
      monkey.act(variant)
      if (variant % 3 === 0) cluster.time.clock.after(forMs / 2, () => monkey.act(variant >> 2))
    },
  },
  pods: {
    says: 'has pods that are slow, crash, or are listed late',
    begins: ({ cluster }, _own, { variant }) => {
      if (variant % 3 === 0) cluster.pods.crash(1 + (variant % 4))
      else if (variant % 3 === 1) cluster.pods.startIn(6000)
      else cluster.pods.listIn(1500)
    },
    ends: ({ cluster }) => {
      cluster.pods.startIn(400)
      cluster.pods.listIn(0)
    },
  },
  sigterm: { says: 'is asked to stop, and comes back', begins: (_struck, own) => own.terminate() },
  'kind-missing': {
    says: 'finds HTTPRoutes unknown to the server',
    begins: (_struck, own) => own.wire()?.endStreams(),
    ends: (_struck, own) => own.wire()?.endStreams(),
  },
  'odd-objects': {
    says: 'meets releases that make no sense',
    begins: ({ monkey }, _own, { variant }) => monkey.oddities(variant),
  },
  user: {
    says: 'is told something by a person',
    begins: ({ people }, _own, { variant }) => {
      const verb = verbs[variant % verbs.length] ?? 'abort'
      people.act({ verb, value: 1 + ((variant >> 4) % 3) })
    },
  },
}

function upset(own: Instance, variant: number): void {
  switch (variant % 6) {
    case 0:
      return own.clock()?.jump(variant % 4 < 2 ? day : hour)
    case 1:
      return own.clock()?.jump(variant % 4 < 2 ? -day : -hour)
    case 2:
      own.setClock(day, 1)
      break
    case 3:
      own.setClock(-day, 1)
      break
    case 4:
      own.setClock(0, 2)
      break
    default:
      own.setClock(0, 0.5)
  }
  own.crash()
}
