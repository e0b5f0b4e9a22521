/** The CanaryApp checklist: every line, every contradiction and every weakness with the tests that prove it. */
import { checklist, numbered, overruled, type Row, shown } from '#test/checklist.ts'

const read = 'src/doors/canaryapp/read.test.ts'
const project = 'src/doors/canaryapp/project.test.ts'
const door = 'src/doors/canaryapp/door.test.ts'
const demo = 'test/doors/canaryapp/demo.suite.ts'
const kubectl = 'test/doors/canaryapp/demo.kubectl.test.ts'
const cluster = 'test/doors/canaryapp/demo.cluster.test.ts'
const changes = 'test/doors/canaryapp/changes.test.ts'
const prometheus = 'test/doors/canaryapp/prometheus.test.ts'
const missing = 'test/doors/canaryapp/istio-missing.test.ts'
const handover = 'test/doors/canaryapp/handover.test.ts'
const crash = 'test/doors/canaryapp/crash.test.ts'
const losses = 'test/doors/canaryapp/losses.test.ts'
const pilot = 'test/gateways/canaryapp.gateways.test.ts'
const examples = 'test/doors/canaryapp/examples.test.ts'

const applied = shown(demo, 'C05–C11, C27: the sample is applied as it is written')
const promoted = shown(demo, 'C12–C15: a merge patch of spec.image')
const rolledBack = shown(demo, 'C16, C17, C18, C20: /nothello on a new image rolls it back')

const demoByPilot = shown(pilot, "the demo of the document through Istio's pilot and a real Envoy")
const followed = shown(pilot, 'C13: Envoy follows each weight within the settle time')

const lines: readonly Row[] = [
  ['C01', shown(read, 'C01: canary.atze.io/v1 CanaryApp'), applied],
  ['C02', shown(read, 'C02: the fields of the document are required')],
  ['C03', shown(read, 'C03: the others have defaults')],
  ['C04', shown(read, 'C04: the status has the fields'), shown(project, 'C04, C12, C13')],
  [
    'C05',
    shown(read, 'C05: Deployments by their names'),
    shown(read, 'C05: one container'),
    applied,
  ],
  ['C06', shown(read, 'C06: one Service for both'), applied],
  ['C07', shown(read, 'C07, C08, C09: DestinationRule'), applied, demoByPilot],
  ['C08', shown(read, 'C07, C08, C09: DestinationRule'), applied, demoByPilot],
  ['C09', shown(read, 'C07, C08, C09: DestinationRule'), applied, demoByPilot],
  ['C10', overruled('CD03')],
  ['C11', overruled('weakness 4')],
  ['C12', promoted, shown(project, 'the first shift is on record')],
  ['C13', promoted, followed, shown(read, 'C12, C13, C14: pods, the wait')],
  ['C14', promoted, shown(changes, 'CD18, C14: without a query time alone decides')],
  ['C15', promoted, shown(project, 'C15: it is promoted')],
  ['C16', rolledBack, shown(project, 'C16: it goes back')],
  [
    'C17',
    rolledBack,
    shown(door, 'C17: an image that failed'),
    shown(changes, 'C17: it is not tried again'),
  ],
  ['C18', rolledBack, shown(read, 'C18, C20: the last two minutes')],
  [
    'C19',
    shown(prometheus, 'and failWhenPrometheusFails: the image is rolled back'),
    shown(prometheus, 'and not failWhenPrometheusFails: the shift goes on'),
  ],
  ['C20', rolledBack],
  ['C21', overruled('CD15')],
  [
    'C22',
    shown('test/deploy/manifests.test.ts', 'C22, C23: namespace, Deployment'),
    shown('test/deploy/overlay.test.ts', 'C22, C24: the API server takes it'),
  ],
  ['C23', shown('test/deploy/manifests.test.ts', 'C22, C23: namespace, Deployment')],
  [
    'C24',
    shown('test/deploy/manifests.test.ts', 'C24: its role may do what the door does'),
    shown('test/deploy/overlay.test.ts', 'C22, C24: the API server takes it'),
  ],
  [
    'C25',
    shown(kubectl, 'the limited user works with canaryapps in its namespace and reads no pods'),
    shown(kubectl, 'editors write and viewers read'),
  ],
  [
    'C26',
    shown(kubectl, 'C26: the Argo CD example is taken'),
    shown(examples, 'C26: the health rule for Argo CD'),
    shown(examples, 'what Argo CD syncs is the sample of the document'),
  ],
  ['C27', applied, shown(kubectl, 'C27: the demo of the document')],
  ['C28', applied, demoByPilot, shown(missing, 'weakness 4: Deployment and Service come up')],
  [
    'C29',
    shown(demo, 'C29, weakness 8: deleted, everything of it goes'),
    shown(read, 'C29: all of it bears'),
  ],
]

const decided: readonly Row[] = [
  [
    'CD01',
    promoted,
    shown(read, 'CD01: another step'),
    shown(examples, 'it is tested by steps of 20 up to 60'),
  ],
  ['CD02', shown(read, 'CD02: all ports follow imageListenPort'), shown(changes, 'CD02: the port')],
  [
    'CD03',
    shown('test/scenarios/late-definitions.test.ts', 'is spoken to in it, through a whole release'),
    applied,
  ],
  [
    'CD04',
    shown(changes, 'CD04: changed during a test'),
    shown(door, 'CD04: an image changed meanwhile'),
  ],
  ['CD05', shown(changes, 'CD05: set back during a test')],
  [
    'CD06',
    shown(changes, 'replicas, up and down'),
    shown(changes, 'hosts: Gateway and VirtualService'),
    shown(changes, 'the query and its time, during a test'),
    shown(changes, 'the template: another one is tested like another image'),
    shown(changes, 'CD02: the port'),
  ],
  [
    'CD07',
    shown(changes, 'CD07, weakness 2: one that never gets ready'),
    shown(read, 'CD07: a deployment'),
  ],
  [
    'CD08',
    shown(prometheus, 'CD08: errors from before the test do not fail it'),
    shown('src/core/metrics/look-back.test.ts', 'one that looks back 20 s begins 20 s later'),
    shown(read, 'CD08: the first question comes no earlier than one scrape'),
  ],
  [
    'CD09',
    shown(prometheus, 'CD09: with "{{deployment}}"'),
    shown(read, 'CD09: subset, Deployment and namespace'),
  ],
  [
    'CD10',
    shown(changes, 'CD10: set back and asked for again it stays failed'),
    shown(changes, 'CD10: another one that succeeds clears the list'),
    shown(kubectl, 'CD10: the failed image is tried again by an annotation'),
    shown(project, 'C16, C17, CD10, CD12: images that failed'),
  ],
  [
    'CD11',
    shown(project, 'CD11: the first image serves'),
    shown(project, 'CD11, weakness 6: conditions'),
  ],
  ['CD12', shown(project, 'the last one is lastFailedTag, and lastFailedImage')],
  ['CD13', shown(changes, 'CD13: callers inside the mesh'), promoted],
  ['CD14', shown(changes, 'CD14: of two for one host'), shown(read, 'CD14: hosts that are named')],
  ['CD15', shown(changes, 'CD15, weakness 4: what somebody deletes is made again')],
  ['CD16', shown(prometheus, 'and not failWhenPrometheusFails: the shift goes on, no faster')],
  ['CD17', shown(read, 'C19, CD17: a query that fails')],
  ['CD18', shown(read, 'CD18: an empty query asks nobody'), shown(changes, 'CD18, C14')],
  ['CD19', shown(door, 'decision 18: a forgotten original stands by')],
]

const weaknesses: readonly Row[] = [
  ['weakness 1', shown(crash, 'crash at every write of a release and of a rollback')],
  ['weakness 2', shown(changes, 'CD07, weakness 2: one that never gets ready'), promoted],
  ['weakness 3', shown(door, 'weakness 3: a test without lastTrafficShift')],
  [
    'weakness 4',
    shown(missing, 'weakness 4: Deployment and Service come up'),
    shown(missing, 'when the definitions appear the mesh objects follow by themselves'),
  ],
  ['weakness 5', rolledBack, shown(losses, 'the pods of the primary are killed one after another')],
  [
    'weakness 6',
    shown(demo, 'weakness 6: every turn of it is told as an Event'),
    shown(project, 'CD11, weakness 6: conditions'),
    shown(read, 'weakness 6: Prometheus may ask for credentials'),
  ],
  ['weakness 7', shown(examples, 'weakness 7: env, resources, probes and a second port')],
  ['weakness 8', shown(changes, 'weakness 8: deleted in mid-test')],
]

/** What else has to be shown of this door. */
const more: readonly Row[] = [
  ['handover', shown(handover, 'in mid-test at 30: the weight does not jump, no pod starts anew')],
  [
    'primary killed',
    shown(losses, 'the pods of the primary are killed one after another in mid-test'),
  ],
  ['template remembered', shown(losses, 'it is deleted while no controller looks')],
  ['kubectl', shown(kubectl, 'C12–C15: kubectl get virtualservice goes 10, 20, 30, 40, 50')],
  ['real kube-apiserver', shown(cluster, 'the demo of the document on a real control plane')],
  ['pilot and Envoy', demoByPilot, followed],
]

checklist(
  'canaryapp',
  [
    ...numbered('C', 1, 29),
    ...numbered('CD', 1, 19),
    ...weaknesses.map(([id]) => id),
    ...more.map(([id]) => id),
  ],
  [...lines, ...decided, ...weaknesses, ...more],
)
