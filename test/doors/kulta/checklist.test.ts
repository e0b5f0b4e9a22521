/** KULTA's checklist: its lines (K), what to do where its sources disagree (KD), and its known weaknesses (KW). */
import { checklist, numbered, overruled, type Row, shown } from '#test/checklist.ts'

const folder = 'test/doors/kulta'
const canary = (title: string) => shown(`${folder}/canary.test.ts`, title)
const blueGreen = (title: string) => shown(`${folder}/blue-green.test.ts`, title)
const ab = (title: string) => shown(`${folder}/ab-testing.test.ts`, title)
const simple = (title: string) => shown(`${folder}/simple.test.ts`, title)
const analysis = (title: string) => shown(`${folder}/analysis.test.ts`, title)
const events = (title: string) => shown(`${folder}/events.test.ts`, title)
const webhooks = (title: string) => shown(`${folder}/webhooks.test.ts`, title)
const process = (title: string) => shown(`${folder}/process.test.ts`, title)
const takeover = shown(
  `${folder}/takeover.test.ts`,
  'half-way: its pods, its weights and its step stay',
)
const walk = (title: string) => shown(`${folder}/walk.suite.ts`, title)
const read = (title: string) => shown('src/doors/kulta/read.test.ts', title)
const convert = (title: string) => shown('src/doors/kulta/convert.test.ts', title)
const environment = (title: string) => shown('src/doors/kulta/environment.test.ts', title)

const installs = canary(
  'runs its steps on the first install too, promoted by the annotation each time it is set',
)
const labelled = canary(
  'bears the labels of the document on ReplicaSets, their selectors and their pods',
)
const shapes = [
  'no replicas at all',
  'one replica',
  'a single step of everything',
  'steps without pause',
].map(canary)
const threeReleases = blueGreen(
  'three releases in a row, each seen at its own host before it is promoted',
)
const byHand = ab('rules by header and cookie; concluded by hand, promoted by its name')
const byStatistics = ab(
  'the better variant wins once enough is known, waits for its promotion, and is served',
)
const oneSet = simple(
  'one ReplicaSet under the name of the Rollout; a new image comes up beside it and takes its name',
)
const rolledBack = analysis(
  'beyond its threshold: traffic goes home, the pods go, then it is Failed',
)
const people = analysis(
  'people pause it, go on, abort it and try again, each by an annotation that is used once',
)
const told = events(
  'tells deployed, upgraded, published and rolledback, each exactly once, and each by an id of its own',
)
const whole = events(
  'each is a CloudEvent whose data is the whole CDEvent of the specification 0.5.0',
)
const lines = events(
  'occurrences are lines of JSON, one for each transition, in the layout of the protocol',
)
const advised = events(
  'an advisor is asked at each transition; what it says is told, and decides nothing',
)
const ready = process('is ready without the definition, and takes Rollouts once it is there')
const schema = read(
  'has one schema for both, the advisor included, and the columns of the document',
)
const queries = read(
  'asks the documented queries, by name and role of the pods and within the namespace',
)
const pem = webhooks(
  'are kept in a Secret in PEM: an authority for ten years, a certificate for one',
)
const numbers = shown('src/core/model/statistics.test.ts', 'the reference numbers (K44)')

const resource: readonly Row[] = [
  [
    'K01',
    read(
      'serves v1alpha1 and v1beta1, which is stored, with a status subresource and no short names',
    ),
  ],
  ['K02', schema, walk('its canary: applied, watched, promoted by its command each time it waits')],
  ['K03', webhooks('a v1alpha1 Rollout is stored as v1beta1 and read in both, nothing lost')],
  ['K04', convert('writes the defaults out towards v1beta1, and keeps them on the way back')],
  ['K05', schema, advised],
  ['K06', read('of several the first counts: simple, blueGreen, abTesting, canary')],
  ['K07', installs],
  ['K08', installs, canary('a pause without a weight, which stays at the weight before')],
  ['K09', threeReleases],
  [
    'K10',
    byHand,
    byStatistics,
    read(
      'an experiment takes header, by value or pattern, or cookie, under the names of the document',
    ),
  ],
  ['K11', simple('simple with metrics')],
  [
    'K12',
    simple('whose route is missing does the same, and says so; once it is there, it is used'),
  ],
  ['K13', queries, read('on errors, ${onNoData} on no data')],
  ['K14', overruled('KD20'), read('is refused')],
  ['K15', installs, oneSet],
  ['K16', installs, rolledBack],
  ['K17', byHand, byStatistics],
  ['K18', installs, threeReleases, byHand],
  ['K19', installs, threeReleases, oneSet],
]

const strategies: readonly Row[] = [
  ['K20', installs],
  ['K21', installs],
  ['K22', installs],
  ['K23', installs, byHand],
  ['K24', installs, canary('steps without pause')],
  ['K25', installs],
  ['K26', installs],
  [
    'K27',
    read('a weight of 100 ends the steps, whatever comes after it'),
    canary('a single step of everything'),
  ],
  ['K28', installs],
  ['K29', installs],
  ['K30', installs],
  [
    'K31',
    ...shapes,
    canary('gives the route back and takes its ReplicaSets along when it is deleted'),
  ],
  [
    'K32',
    simple('without a route goes by pods alone'),
    simple('whose route is missing does the same'),
  ],
  ['K33', threeReleases],
  ['K34', threeReleases],
  ['K35', blueGreen('promotes itself after its seconds, and not without being told to')],
  ['K36', threeReleases],
  [
    'K37',
    threeReleases,
    walk('its blue-green: the preview is asked under its own host, then promoted'),
  ],
  ['K38', byHand],
  [
    'K39',
    byHand,
    shown(
      'src/core/traffic/traffic.suite.ts',
      'K39 reads the matches that it wrote, and writes them once',
    ),
  ],
  [
    'K40',
    numbers,
    shown(
      'src/core/model/statistics.test.ts',
      '29 observations are never enough, however different they are; 30 are',
    ),
  ],
  [
    'K41',
    byStatistics,
    shown('src/core/experiment.test.ts', 'nobody wins before the least time'),
    shown('src/core/experiment.test.ts', 'disagree: nobody has won'),
  ],
  ['K42', byHand, ab('nobody wins within its longest time: all goes to A when somebody promotes')],
  ['K43', byHand, byStatistics],
  ['K43a', overruled('KD26')],
  ['K44', numbers],
  ['K45', oneSet],
  ['K46', simple('comes to ${phase}, and ${serves} serves')],
  ['K47', labelled],
  ['K48', labelled, installs],
]

const metrics: readonly Row[] = [
  ['K49', queries, rolledBack],
  ['K50', overruled('KD11'), rolledBack],
  ['K51', read("no metrics are healthy, unknown ones are told, a query of one's own is taken")],
  [
    'K52',
    overruled('decision 25'),
    read("no metrics are healthy, unknown ones are told, a query of one's own is taken"),
  ],
  [
    'K53',
    analysis(
      'nothing is judged before the warm-up is over, counted from the beginning of the step',
    ),
  ],
  ['K54', analysis('Pause holds it, Continue goes on'), analysis('Rollback turns it back')],
  ['K55', rolledBack, told],
  ['K56', analysis('fails what makes no progress')],
  [
    'K57',
    overruled('KD21'),
    read('an experiment counts by Service since it began, else by the labels of pods'),
  ],
  ['K58', shown('src/core/metrics/prometheus-answer.test.ts', 'finds no data in ${name}')],
]

const telling: readonly Row[] = [
  [
    'K59',
    environment('events leave only when they are switched on and have somewhere to go'),
    told,
  ],
  [
    'K60',
    told,
    events('simple tells deployed, then published; its occurrences begin with rolling'),
    events(
      'blue-green tells deployed with its preview, published with its promotion, and nothing when pods come home',
    ),
    events('A/B tells its conclusion as published, with what was counted'),
  ],
  [
    'K61',
    told,
    environment('0.2.0 on request: version instead of specversion, and the type of the subject'),
  ],
  [
    'K62',
    whole,
    shown(
      'src/controller/outbox/sinks.test.ts',
      'K62: a POST in structured mode, with all that CloudEvents 1.0 requires',
    ),
  ],
  ['K63', whole, told],
  [
    'K64',
    events("custom data has KULTA's members"),
    events('A/B tells its conclusion as published, with what was counted'),
  ],
  ['K65', whole],
  ['K66', lines],
  ['K67', lines],
  ['K68', lines],
  [
    'K69',
    lines,
    events('simple tells deployed, then published; its occurrences begin with rolling'),
  ],
  ['K70', lines],
  ['K71', lines],
  [
    'K72',
    environment(
      'occurrences go to occurrence.json of a folder, which is bounded, and to an address if there is one',
    ),
    lines,
  ],
  ['K73', advised],
]

const running: readonly Row[] = [
  ['K74', ready],
  ['K75', process("tells KULTA's metrics beside its own")],
  [
    'K76',
    process(
      'leaves Rollouts to an original that holds its lease, and takes over when that is silent',
    ),
    shown('src/kube/lease.test.ts', 'a leader that dies is followed within the lease and a second'),
  ],
  [
    'K77',
    environment('addresses that the administrator names may be asked; RUST_LOG is the level'),
    lines,
  ],
  [
    'K78',
    webhooks('the configuration is as the document has it'),
    webhooks('a denial has code 400 and a message'),
  ],
  ['K79', webhooks('is refused in both versions'), webhooks('a denial has code 400 and a message')],
  [
    'K80',
    overruled('KD15'),
    convert('loses nothing on the way to the other version and back'),
    webhooks('what cannot be converted fails with a message'),
  ],
  ['K81', pem],
  ['K82', overruled('KW02')],
  ['K83', shown('test/deploy/manifests.test.ts', 'K83: Namespace, Deployment, Service')],
  ['K84', shown('src/cli/cli.test.ts', 'and ends cleanly on SIGTERM')],
]

const disagreements: readonly Row[] = [
  ['KD01', installs, takeover],
  ['KD02', rolledBack],
  ['KD03', installs, ...shapes],
  [
    'KD04',
    installs,
    analysis(
      'a promotion that nothing waits for is taken off with a warning, and promotes nothing later',
    ),
  ],
  [
    'KD05',
    installs,
    walk('its canary: applied, watched, promoted by its command each time it waits'),
  ],
  [
    'KD06',
    byStatistics,
    installs,
    analysis('Pause holds it, Continue goes on'),
    process("tells KULTA's metrics beside its own"),
  ],
  ['KD07', analysis('does not count pauses')],
  ['KD08', rolledBack, analysis('fails what makes no progress')],
  [
    'KD09',
    canary('gives the route back'),
    shown('src/core/traffic/traffic.suite.ts', 'leaves everything else as people wrote it'),
  ],
  [
    'KD10',
    byHand,
    byStatistics,
    ab('nobody wins within its longest time: all goes to A when somebody promotes'),
  ],
  ['KD11', queries, rolledBack],
  [
    'KD12',
    shown('src/core/metrics/prometheus-answer.test.ts', 'a fraction'),
    analysis('Pause holds it, Continue goes on'),
  ],
  [
    'KD13',
    read("the address is the Rollout's, else the controller's, else nobody's, never localhost"),
  ],
  ['KD14', queries, labelled],
  ['KD15', convert('loses nothing on the way to the other version and back'), schema],
  ['KD16', pem, webhooks('come from files too, and then cert-manager may say whom to trust')],
  ['KD17', ready],
  [
    'KD18',
    webhooks('the rules that they ship are enough, and needed'),
    shown(
      'test/scenarios/scenarios.cluster.test.ts',
      'nothing was refused to the controller, and no rule of it is idle',
    ),
  ],
  [
    'KD19',
    events('simple tells deployed, then published; its occurrences begin with rolling'),
    events('A/B tells its conclusion as published, with what was counted'),
  ],
  ['KD20', read('is ${ms} ms'), webhooks('a pause without a weight, and days, are taken')],
  [
    'KD21',
    byStatistics,
    read('an experiment counts by Service since it began, else by the labels of pods'),
    shown(
      'src/core/model/statistics.test.ts',
      'looking 100 times at two equal variants fools the fixed test often, the sequential one rarely',
    ),
  ],
  [
    'KD22',
    environment(
      'the artifact is the image as it is written, or its package URL; the image is kept in any case',
    ),
  ],
  [
    'KD23',
    told,
    shown(
      'src/controller/outbox/lane.test.ts',
      'tries again for an hour of 500, ever more rarely, and delivers when it ends',
    ),
  ],
  ['KD24', whole],
  ['KD25', threeReleases],
  ['KD26', people],
  [
    'KD27',
    canary('a pause without a weight, which stays at the weight before'),
    webhooks('a pause without a weight, and days, are taken'),
  ],
  ['KD28', lines],
]

const weaknesses: readonly Row[] = [
  ['KW01', canary('gives the route back and takes its ReplicaSets along when it is deleted')],
  ['KW02', canary('repairs what somebody changes of its ReplicaSets and its route')],
  [
    'KW03',
    shown(
      'src/core/outbox/outbox.laws.test.ts',
      'each transition has exactly one distinct id, killed at any write',
    ),
  ],
  [
    'KW04',
    shown(
      'src/core/decide.laws.test.ts',
      'all laws hold whatever happens, and the release comes to an end once it stops',
    ),
  ],
  [
    'KW05',
    shown(
      'src/kube/lease.test.ts',
      'two leaders at once: what one sends after its freeze is refused, and the history is that of one',
    ),
  ],
  ['KW06', threeReleases],
  ['KW07', process("tells KULTA's metrics beside its own")],
  ['KW08', shown('src/core/hash.test.ts', 'are ten hex digits, whatever the value')],
  [
    'KW09',
    shown(
      'src/controller/outbox/sinks.test.ts',
      'is bounded: what is full is kept for a while under a number',
    ),
  ],
  ['KW10', webhooks('is refused in both versions')],
]

checklist(
  'KULTA',
  [...numbered('K', 1, 84), 'K43a', ...numbered('KD', 1, 28), ...numbered('KW', 1, 10)],
  [...resource, ...strategies, ...metrics, ...telling, ...running, ...disagreements, ...weaknesses],
)
