/** Every line of Mayday's checklist and of what Superposition really sends, with the test that shows it. */
import { checklist, noDuty, numbered, overruled, type Row, shown } from '#test/checklist.ts'

const own = 'src/doors/superposition'
const walk = shown('test/doors/superposition/walk.suite.ts', 'the worked example: 10, 25, conclude')
const scenario = (title: string) => shown('test/doors/superposition/scenarios.test.ts', title)
const gateway = (title: string) => shown('test/doors/superposition/gateway.test.ts', title)
const listener = (title: string) => shown(`${own}/listener.test.ts`, title)
const event = (title: string) => shown(`${own}/event.test.ts`, title)
const ledger = (title: string) => shown(`${own}/ledger.test.ts`, title)
const plan = (title: string) => shown(`${own}/plan.test.ts`, title)
const pieces = (title: string) => shown(`${own}/pieces.test.ts`, title)
const api = (title: string) => shown(`${own}/superposition-api.test.ts`, title)
const standIn = (title: string) => shown('src/local/superposition/superposition.test.ts', title)
const rights = shown(`${own}/rights.test.ts`, 'M16, M17, M36')
const formerSettings = shown('src/cli/former-settings.test.ts', 'M15: address, token and namespace')
const tls = shown('src/kube/transport.test.ts', 'TLS: the authority, the client certificate')
const lives = shown(
  'test/doors/superposition/lives.suite.ts',
  'end as in perfect order, and nothing that was answered is lost',
)
const traefik = shown(
  'test/gateways/superposition.gateways.test.ts',
  'the worked example through Traefik',
)
const grace = shown('test/doors/superposition/grace.test.ts', 'MD15: losers go after the promotion')
const manual = shown(
  'test/doors/superposition/walk.kubectl.test.ts',
  'the manual test and the health check',
)

const mayday: readonly Row[] = [
  ['M01', listener('M01: without authentication it stays on loopback')],
  ['M02', listener('M02, MD01'), manual],
  ['M03', listener('M03: no JSON'), event('M03: nothing')],
  ['M04', listener('M04, MD01'), manual],
  ['M05', listener('M05: the answer has one key')],
  ['M06', listener('M06: events that are not known'), event('M06: the name is spelt exactly')],
  ['M07', listener('S12, M07')],
  [
    'M08',
    event('M08: JSON-logic as the document prints it'),
    event('M08: else the first text counts'),
  ],
  ['M09', event('M09: a variant of another type'), plan('MD09: each experimental variant')],
  ['M10', event('M10: a fraction'), event('M10: a text')],
  ['M11', ledger('M11: Inprogress keeps the context'), walk],
  ['M12', listener('MD03: what names neither id nor context')],
  ['M13', listener('MD04, M13'), pieces('M13: lists are read with commas')],
  ['M14', pieces('fragments are laid over it'), event('M14: another dimension')],
  ['M15', formerSettings, pieces('M15: NAMESPACE')],
  ['M16', rights, shown('test/deploy/manifests.test.ts', 'M16: one ClusterRole mayday-deployer')],
  ['M17', rights],
  [
    'M18',
    shown('src/cli/cli.test.ts', 'a log level that is unknown'),
    shown('src/cli/log-level.test.ts', 'SIGUSR2 turns debug on, and off again'),
  ],
  ['M19', overruled('MD05'), api('M19, M20, MD05, S25')],
  ['M20', overruled('MD05'), api('M19, M20, MD05, S25')],
  ['M21', api('M21, S26')],
  ['M22', pieces('M22: the documented one')],
  ['M23', overruled('MD21'), pieces('M23, MD21: only a prefix counts')],
  ['M24', walk, pieces('M24: variables of the configuration')],
  ['M25', walk],
  ['M26', walk, traefik],
  ['M27', overruled('MD18'), scenario('M27, weakness 4')],
  ['M28', walk, traefik],
  ['M29', walk, plan('M29: who has won is promoted')],
  ['M30', walk],
  ['M31', walk],
  ['M32', plan('M32: a winner that is none of them'), scenario('MD13: control won')],
  ['M33', walk, traefik, scenario('MD12: discarded')],
  ['M34', overruled('MD15')],
  ['M35', overruled('MD07')],
  ['M36', rights, listener('with any of several secrets')],
]

const superposition: readonly Row[] = [
  ['S01', event('S01: Created'), ledger('S01: Created is known')],
  ['S02', event('S02: Started, even with 0'), ledger('S02: Started with 0')],
  ['S03', ledger('S03: resumed by Inprogress'), scenario('MD07, MD11, S03, S05')],
  ['S04', ledger('S04: Updated stays so')],
  ['S05', scenario('MD07, MD11, S03, S05'), ledger('S05: Paused')],
  ['S06', ledger('S06: Concluded'), scenario('MD07, MD11, S03, S05')],
  ['S07', ledger('S07: Discarded before it began'), scenario('MD12: discarded')],
  ['S08', event('S08: ConfigChanged'), gateway('MD14, S08')],
  ['S09', noDuty('the sender says nothing when nothing changed')],
  ['S10', noDuty('the sender gives an event to one receiver'), listener('S08, S10, MD14')],
  [
    'S11',
    event('S11, S12, S14'),
    event('S11: a date, a time and UTC'),
    event('S11: a list of actions'),
  ],
  ['S12', event('S12: an id that is written as a number'), listener('S12, M07')],
  ['S13', event('S13: a flat context')],
  ['S14', event('S11, S12, S14'), pieces('becomes a label')],
  ['S15', event('S15: shares of all variants'), gateway('MD08, MD09, MD10, S15')],
  ['S16', listener('M02, MD01')],
  ['S17', listener('M02, MD01'), listener('M04, MD01')],
  ['S18', listener('the secret may travel in a header of its own')],
  ['S19', listener('S19: authentication'), listener('without the secret, or with a wrong one')],
  ['S20', listener('MD17, S20')],
  ['S21', lives, ledger('S21: every order of a life')],
  ['S22', noDuty('the sender answers its own caller')],
  ['S23', noDuty('administration of webhooks at the sender')],
  ['S24', standIn('S24: parameters without brackets'), api('M19, M20, MD05, S25')],
  ['S25', standIn('S25: a text of variantIds never matches'), api('M19, M20, MD05, S25')],
  ['S26', api('M21, S26'), standIn('S26: x-tenant still names')],
  ['S27', api('MD05, S27')],
  ['S28', api('S28: what has not changed'), standIn('S28: it tells version and time')],
  [
    'S29',
    api('S29: credentials come from a Secret'),
    api('a wrong one is told without being shown'),
  ],
  ['S30', plan('S30: of an experiment that is over')],
]

const contradictions: readonly Row[] = [
  ['MD01', listener('M02, MD01'), listener('M04, MD01')],
  ['MD02', event('MD02: the dimension is looked for in all terms'), event('S13: a flat context')],
  [
    'MD03',
    listener('MD03: what names neither id nor context'),
    listener('MD03, MD04: the last resort'),
  ],
  ['MD04', pieces('MD04: nothing is called mumbai'), listener('MD04, M13')],
  [
    'MD05',
    api('M19, M20, MD05, S25'),
    api('MD05, S27'),
    api('M21, S26'),
    plan('MD05: it is asked for at the version'),
  ],
  ['MD06', scenario('MD06, MD20')],
  ['MD07', scenario('MD07, MD11, S03, S05'), plan('MD07: the control'), walk],
  [
    'MD08',
    gateway('MD08, MD09, MD10, S15'),
    scenario('MD08: several variants at once'),
    plan('MD08: a second experiment'),
  ],
  ['MD09', gateway('MD08, MD09, MD10, S15'), plan('MD09: each experimental variant')],
  ['MD10', gateway('MD08, MD09, MD10, S15'), plan('MD10: shares above 100 together')],
  ['MD11', scenario('MD07, MD11, S03, S05'), event('MD11: the payload is newer')],
  ['MD12', scenario('MD12: discarded')],
  ['MD13', scenario('MD13: control won')],
  ['MD14', ledger('S04: Updated stays so'), listener('S08, S10, MD14'), gateway('MD14, S08')],
  ['MD15', walk, grace, plan('MD15: whom the winner has won against')],
  [
    'MD16',
    listener('MD16: while the API server cannot be written'),
    listener('MD16: a Release of that name'),
    listener('MD16: a percentage that is none'),
    listener('M03: no JSON'),
    listener('without the secret, or with a wrong one'),
  ],
  ['MD17', listener('MD17, S20')],
  [
    'MD18',
    ledger('MD18: an older one after a newer one'),
    listener('MD18: sent twice at once'),
    lives,
  ],
  ['MD19', tls],
  ['MD20', pieces('becomes a label'), pieces('no two ids share a name'), scenario('MD06, MD20')],
  ['MD21', pieces('MD21: a number is text'), pieces('MD21: no name of a variable')],
  ['MD22', pieces('MD22: the port may be another one')],
  ['MD23', pieces('MD23: a value may come from a Secret'), rights],
  ['MD24', event('MD24: more than all')],
]

const weaknesses: readonly Row[] = [
  ['W1', api('M19, M20, MD05, S25'), event('S13: a flat context')],
  ['W2', event('weakness 2: no mutation of an event')],
  ['W3', scenario('weakness 3: a configuration that cannot be deployed')],
  ['W4', scenario('M27, weakness 4'), lives, walk],
  ['W5', scenario('MD06, MD20')],
  [
    'W6',
    pieces('M15: NAMESPACE'),
    pieces('fragments are laid over it'),
    pieces('templates are read from a file'),
    pieces('the example is understood'),
    pieces('MD22: the port may be another one'),
    api('M21, S26'),
    formerSettings,
  ],
  [
    'W7',
    pieces('weakness 7: without authentication'),
    listener('without the secret, or with a wrong one'),
    tls,
  ],
  ['W8', listener('weakness 8: a controller of one namespace'), listener('MD04, M13')],
  [
    'W9',
    scenario('M27, weakness 4'),
    listener('M04, MD01'),
    shown('src/controller/telemetry.test.ts', 'a release shows its phase and weights'),
  ],
]

checklist(
  'Mayday, and of what Superposition sends',
  [
    ...numbered('M', 1, 36),
    ...numbered('S', 1, 30),
    ...numbered('MD', 1, 24),
    ...numbered('W', 1, 9).map((id) => id.replace('W0', 'W')),
  ],
  [...mayday, ...superposition, ...contradictions, ...weaknesses],
)
