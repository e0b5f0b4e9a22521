/** Each numbered line of the deployer's checklist, of its table of contradictions, and each weakness, with its proof. */
import { checklist, noDuty, numbered, overruled, type Row, shown } from '../../checklist.ts'

const api = (title: string) => shown('test/doors/deployer/api.test.ts', title)
const life = (title: string) => shown('test/doors/deployer/session.suite.ts', title)
const recovery = (title: string) => shown('test/doors/deployer/recovery.test.ts', title)
const front = (title: string) => shown('test/doors/deployer/front.test.ts', title)
const env = (title: string) => shown('test/doors/deployer/environment.test.ts', title)
const auth = (title: string) => shown('test/doors/deployer/auth.test.ts', title)
const stream = (title: string) => shown('test/doors/deployer/streams.test.ts', title)
const moved = (title: string) => shown('test/doors/deployer/migrate.test.ts', title)
const settings = (title: string) => shown('src/doors/deployer/settings.test.ts', title)
const route = (title: string) => shown('src/doors/deployer/route.test.ts', title)
const part = (title: string) => shown('src/doors/deployer/parts.test.ts', title)
const health = (title: string) => shown('src/doors/deployer/health.test.ts', title)
const many = (title: string) => shown('test/doors/deployer/many.load.test.ts', title)
const crash = (title: string) => shown('test/doors/deployer/crashes.suite.ts', title)
const docs = (title: string) => shown('test/doors/deployer/install.test.ts', title)

const whole = 'POST answers 201 with a Location, and GET gives back every field with id and times'
const first =
  'a first deployment comes up as version 1, its log streams, its pods tell of their health'
const objects =
  'both Services, the controller and the Ingress bear the names and labels of the document'
const second = 'a second deployment is version 2, no request is dropped, and the first is history'
const unhealthy = 'an unhealthy version fails, never gets a request, and leaves nothing behind'
const gone = 'undeploying passes UNDEPLOYING, and nothing of the application is left but history'
const order =
  'the Service turns after the front is seen to follow, and old pods go after they were drained'

const rows: readonly Row[] = [
  [
    'A01',
    moved('becomes that of today, open to everybody as it was'),
    settings('the port is 8000'),
  ],
  ['A02', settings('limits are those of the original where nothing is said')],
  ['A03', moved('its user and password reach the API server')],
  ['A04', auth('every route asks who it is, and whether they may')],
  [
    'A05',
    docs('the manifests of the guide are taken by the API server'),
    shown('test/deploy/manifests.test.ts', 'A05: Deployment and NodePort Service deployer'),
  ],
  ['A06', noDuty("tags of the original's own images")],
  ['A07', api(whole), api('all problems are told together')],
  ['A08', api('all problems are told together'), api(whole)],
  ['A09', api(whole)],
  ['A10', api('what is not said is filled in, and names are made plain')],
  ['A11', life(objects), front('of somebody else is not touched, and the version before goes on')],
  ['A12', api(whole), route('headers go into a ConfigMap, never into a snippet')],
  ['A13', api(whole), health('a probe wants')],
  ['A14', part('pull with the secrets of the pod spec and those beside it, each once')],
  ['A15', api(whole)],
  ['A16', api('further fields of old descriptors are kept, and unknown ones are not')],
  [
    'A17',
    part('get the defaults of the original, where nothing else is said'),
    api('what is not said is filled in, and names are made plain'),
  ],
  ['A18', part('may have a name of 63 characters with # for three, or fewer by setting')],
  ['A19', api('all problems are told together')],
  ['A20', api(whole), api('a POST starts no deployment'), api('another namespace')],
  ['A21', api('lists are filtered by application, empty ones are lists, and pages lead on')],
  ['A22', api('DELETE answers 204, then 404, and undeploys nothing')],
  ['A23', api('PUT answers 204; another id, namespace or name is refused, a missing one is 404')],
  ['A24', api('DELETE answers 204, then 404, and undeploys nothing')],
  ['A25', api('validate answers 204 for a good one and 400 with the reason for a bad one')],
  ['A26', api('all of an application can be deleted, by default but the one modified last')],
  ['A27', api('POST answers 202 with the Location of a record with a copy of the descriptor')],
  [
    'A28',
    api('POST answers 202 with the Location of a record with a copy of the descriptor'),
    api('deploying an unknown descriptor'),
  ],
  ['A29', api('limit gives the newest of each application')],
  ['A30', api('an unknown deployment')],
  ['A31', life(first), api('its log and its health data can be read from the first moment')],
  ['A32', life(first)],
  ['A33', life('redeploying the first by PUT makes a new deployment with a new number')],
  [
    'A34',
    life(gone),
    life('a number is never used again, and a record that is deleted is gone with its log'),
    recovery('the record alone is deleted where nothing is deployed'),
  ],
  [
    'A35',
    recovery('all records of an application can be deleted, with what serves'),
    api('deleting many passes over what is on its way'),
  ],
  [
    'A36',
    stream('the first frame is the whole log so far, the next ones only what is new'),
    stream('of an unknown deployment an error is sent as a frame'),
  ],
  ['A37', api('is refused with 400 and plain text')],
  ['A38', life(second)],
  ['A39', recovery(order), recovery('two deployments of one application come one after the other')],
  ['A40', life(objects)],
  ['A41', life(objects)],
  ['A42', life(objects)],
  [
    'A43',
    part('of a version have the numbers of the containers'),
    part('that stay lead to named ports by their names'),
  ],
  [
    'A44',
    part('of # is one more than the highest known'),
    recovery('two active controllers of one application are a FAILURE'),
  ],
  ['A45', life('pods get their names, their version and the variables of the application')],
  ['A46', env('gives every container the variables, and no answer has them')],
  ['A47', health('of several the one named healthcheck'), part('of pods without ports have 9999')],
  ['A48', health('a path goes with or without its slash')],
  ['A49', health('a probe wants'), health('an unknown type is a probe')],
  ['A50', health('a simple one is content with any 2xx')],
  ['A51', life(unhealthy)],
  ['A52', recovery('a health check that is to be ignored is not asked')],
  ['A53', life(unhealthy), recovery('pods that are never ready are a FAILURE after the limit')],
  ['A54', recovery(order), recovery('an undeployment whose pods do not go is a FAILURE')],
  ['A55', life(gone)],
  ['A56', life(gone)],
  [
    'A57',
    route('one path of the host leads to the versioned Service'),
    route('of several ports the first that is not for health checks is meant'),
  ],
  [
    'A58',
    route('a certificate is looked for'),
    front('under the name of the domain above is found, and the host is served by TLS'),
  ],
  ['A59', overruled('AD08')],
  ['A60', front('sets headers, keeps sessions, sends www on, and says what it cannot do')],
  [
    'A61',
    front('sets headers, keeps sessions, sends www on, and says what it cannot do'),
    front('takes the redirect and the headers away when they are not asked for any more'),
  ],
  ['A62', front('sets headers, keeps sessions, sends www on, and says what it cannot do')],
  ['A63', overruled('AD07')],
  ['A64', overruled('AD10')],
  ['A65', moved('come over with ids, times, logs and health, once however often')],
  ['AD01', api('lists are filtered by application, empty ones are lists, and pages lead on')],
  ['AD02', api('deploying an unknown descriptor')],
  ['AD03', api('DELETE answers 204, then 404, and undeploys nothing')],
  ['AD04', health('who takes POST alone is asked by POST, after GET')],
  ['AD05', health('healthCheckPort has the first word')],
  ['AD06', part('pull with the secrets of the pod spec and those beside it, each once')],
  ['AD07', life(objects), front('serves with headers and www, and says what it cannot do')],
  [
    'AD08',
    route('headers go into a ConfigMap, never into a snippet'),
    route('compression is told as what an Ingress cannot do'),
  ],
  ['AD09', front('that is missing is plain HTTP, or by setting a FAILURE that leaves nothing')],
  [
    'AD10',
    recovery(order),
    front('that its Gateway does not take up is a FAILURE, and the route is as before'),
  ],
  [
    'AD11',
    auth('HS256 lets in, and another secret does not'),
    auth('namespaces that the claim does not list are 403'),
  ],
  [
    'AD12',
    stream('lines written just before the end are not lost, to a socket or to events'),
    auth('a WebSocket without token is refused, and a browser brings it as a subprotocol'),
  ],
  ['AD13', env('gives every container the variables, and no answer has them')],
  ['AD14', life('a number is never used again, and a record that is deleted is gone with its log')],
  ['AD15', life(gone), api('limit gives the newest of each application')],
  ['AD16', recovery('pods that are never ready are a FAILURE after the limit')],
  ['AD17', life(gone)],
  ['AD18', api('validate answers 204 for a good one and 400 with the reason for a bad one')],
  ['AD19', recovery('a name too long for old clusters is told in the log')],
  [
    'AD20',
    recovery(
      'the same fixed version again is a FAILURE by POST and 409 by PUT, and the first goes on',
    ),
  ],
  ['W01', crash('is taken over, and every line is told once')],
  ['W02', recovery('an undeployment whose pods do not go is a FAILURE, not UNDEPLOYED')],
  ['W03', recovery(order)],
  ['W04', recovery(order)],
  [
    'W05',
    health('a pod that hangs is given up after three seconds'),
    health('an answer without an end is cut'),
  ],
  [
    'W06',
    many('one record: within 20 ms'),
    stream('two who write at once lose no line of each other'),
    stream('a long log is kept in parts of a quarter of a megabyte, and read back whole'),
  ],
  [
    'W07',
    api('a password becomes a Secret, is answered nowhere, and stays when a change brings none'),
    health('nor with no JSON, which is kept as it is'),
  ],
  [
    'W08',
    auth('every route asks who it is, and whether they may'),
    api('a change by somebody who saw an older state is refused, if the ETag says so'),
  ],
  ['W09', front('sets headers, keeps sessions, sends www on, and says what it cannot do')],
  [
    'W10',
    recovery('objects of others are left alone, and the deployment that needs their names fails'),
  ],
]

checklist(
  'the deployer',
  [...numbered('A', 1, 65), ...numbered('AD', 1, 20), ...numbered('W', 1, 10)],
  rows,
)
