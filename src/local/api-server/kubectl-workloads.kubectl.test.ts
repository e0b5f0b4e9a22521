/** The real kubectl with controllers and a kubelet at work: rollouts, logs, events, what is deleted along, what is not offered. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectTo } from '#kube/connect.ts'
import { systemPorts } from '#kube/system.ts'
import { startWorkloads } from '../controllers/start.ts'
import { startKubelet } from '../kubelet/start.ts'
import { startApiServer } from './start.ts'
import { kubectlFolder, play, type Step } from './testing/kubectl.ts'

const ports = systemPorts()
const ends: (() => Promise<void>)[] = []
const { file, run, remove } = kubectlFolder()

const job = `apiVersion: v1
kind: Pod
metadata: {name: talker}
spec:
  restartPolicy: OnFailure
  containers: [{name: app, image: "shop:v1-crash1"}]
`
const broken = `apiVersion: v1
kind: Pod
metadata: {name: unpullable}
spec: {containers: [{name: app, image: "shop:v1-nopull"}]}
`

beforeAll(async () => {
  const server = await startApiServer({ ports })
  const api = connectTo(server.transport(), ports)
  const workloads = await startWorkloads(api, ports)
  const kubelet = await startKubelet(api, ports)
  ends.push(workloads.stop, kubelet.stop, api.close, server.close)
  writeFileSync(file('config'), server.kubeconfig(), { mode: 0o600 })
  writeFileSync(file('talker.yaml'), job)
  writeFileSync(file('unpullable.yaml'), broken)
  mkdirSync(file('dump'))
})

afterAll(async () => {
  for (const end of ends) await end()
  remove()
})

/** What is under test by name: steps in order, those of an inner list at the same time. Each in a namespace of its own. */
const chapters: Readonly<Record<string, readonly (Step | readonly Step[])[]>> = {
  rollout: [
    ['create deployment web --image=shop:v1 --replicas=2', 0],
    ['rollout status deploy/web --timeout=30s', 0, 'deployment "web" successfully rolled out'],
    ['annotate deploy web kubernetes.io/change-cause=first', 0],
    ['get deploy web', 0, /web +2\/2 +2 +2/],
    ['get rs', 0, /web-\w+ +2 +2 +2/],
    ['set image deploy/web shop=shop:v2', 0, 'image updated'],
    ['rollout status deploy/web --timeout=30s', 0, 'successfully rolled out'],
    [
      ['rollout history deploy/web', 0, /REVISION +CHANGE-CAUSE\n1 +first\n2 +first/],
      ['rollout history deploy/web --revision=2', 0, 'with revision #2', /Image:\s+shop:v2/],
      ['rollout history deploy/web --revision=7', 1, 'unable to find the specified revision'],
      [
        'describe deploy web',
        0,
        /Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable/,
        /OldReplicaSets: +web-\w+ \(0\/0 replicas created\)/,
        /Normal +ScalingReplicaSet .* Scaled up replica set web-\w+ from 0 to 2/,
      ],
    ],
    ['rollout undo deploy/web', 0, 'deployment.apps/web rolled back'],
    ['rollout status deploy/web --timeout=30s', 0, 'successfully rolled out'],
    ['get deploy web -o jsonpath={.spec.template.spec.containers[0].image}', 0, /^shop:v1$/],
    ['rollout undo deploy/web --to-revision=2 --dry-run=server', 0, 'rolled back (server dry run)'],
    ['rollout undo deploy/web --to-revision=2', 0, 'rolled back'],
    [
      'rollout undo deploy/web --to-revision=99',
      1,
      'unable to find specified revision 99 in history',
    ],
    ['rollout pause deploy/web', 0, 'paused'],
    ['rollout undo deploy/web', 1, 'cannot rollback a paused deployment'],
    ['set image deploy/web shop=shop:v3', 0],
    [
      'get deploy web -o jsonpath={.status.conditions[?(@.type=="Progressing")].reason}',
      0,
      /DeploymentPaused|ReplicaSetUpdated|NewReplicaSetAvailable/,
    ],
    ['rollout resume deploy/web', 0, 'resumed'],
    ['rollout status deploy/web --timeout=30s', 0, 'successfully rolled out'],
    ['rollout restart deploy/web', 0, 'restarted'],
    ['rollout status deploy/web --timeout=30s', 0, 'successfully rolled out'],
    ['scale deploy web --replicas=3 --timeout=20s', 0, 'scaled'],
    ['wait --for=jsonpath={.status.availableReplicas}=3 deploy/web --timeout=20s', 0],
    ['wait --for=condition=Available deploy/web --timeout=20s', 0, 'condition met'],
    ['set image deploy/web shop=shop:v4-neverready', 0],
    ['rollout status deploy/web --timeout=1s', 1, 'timed out waiting for the condition'],
  ],
  'pods and logs': [
    [
      ['run p --image=shop:v1 --labels=app=p', 0],
      ['create -f @talker.yaml', 0],
      ['create -f @unpullable.yaml', 0],
      ['create deployment d --image=shop:v1 --replicas=2', 0],
    ],
    ['wait --for=condition=Ready pod/p --timeout=20s', 0, 'pod/p condition met'],
    ['wait --for=condition=Available deploy/d --timeout=20s', 0],
    [
      'wait --for=jsonpath={.status.containerStatuses[0].restartCount}=1 pod/talker --timeout=20s',
      0,
    ],
    [
      ['logs p', 0, /^p runs shop:v1, listening on 8080\n$/],
      ['logs p -c p --tail=1 --timestamps', 0, /^\d{4}-\d\d-\d\dT\S+Z p runs/],
      ['logs p --since=1h --limit-bytes=3', 0, /^p r$/],
      ['logs p --since-time=2000-01-01T00:00:00Z', 0, 'p runs'],
      ['logs p --all-containers --prefix', 0, '[pod/p/p] p runs'],
      ['logs -l app=p --tail=-1', 0, 'p runs'],
      ['logs deploy/d', 0, 'Found 2 pods, using pod/d-', 'runs shop:v1'],
      ['logs p -c nothing', 1, 'container nothing is not valid for pod p'],
      ['logs p --previous', 1, 'previous terminated container "p" in pod "p" not found'],
      ['logs talker --previous', 0, 'talker runs shop:v1-crash1'],
      ['logs unpullable', 1, 'is waiting to start'],
      ['logs nothing', 1, 'pods "nothing" not found'],
      // It follows until the client has had enough.
      ['logs -f p --request-timeout=4s', 1, 'p runs'],
      ['get pod p -o wide', 0, /p +1\/1 +Running +0 .* 10\.244\.\S+ +local/],
      ['get pod unpullable', 0, /0\/1 +(ErrImagePull|ImagePullBackOff) +0/],
      ['get pods --field-selector=status.phase=Running -l app=p -o name', 0, 'pod/p'],
      [
        'describe pod p',
        0,
        /Node: +local\//,
        /Normal +Scheduled .*default-scheduler .*Successfully assigned pods-and-logs\/p to local/,
        /Normal +Pulled /,
        /Normal +Created /,
        /Normal +Started .*kubelet/,
      ],
      ['describe pod unpullable', 0, /Warning +Failed .*ErrImagePull/],
      ['describe node local', 0, /Ready +True .*KubeletReady/, /Taints: +<none>/],
      ['events', 0, /Normal +Scheduled +Pod\/p/],
      ['events --for=pod/p --types=Normal', 0, /Started +Pod\/p/],
      [
        'events --for=deploy/d',
        0,
        /ScalingReplicaSet +Deployment\/d +Scaled up replica set d-\w+ from 0 to 2/,
      ],
      [
        'get events --field-selector involvedObject.name=unpullable,type=Warning',
        0,
        /Warning +Failed +pod\/unpullable/,
      ],
      ['get events --sort-by=.lastTimestamp', 0, 'Started'],
      ['events --for=pod/nothing', 0, 'No events found'],
      ['get nodes', 0, /local +Ready +<none> +\S+ +v1\.34/],
    ],
    ['delete pod p --wait=true --timeout=20s', 0, 'pod "p" deleted'],
  ],
  'deletion of owners': [
    [
      ['create deployment bg --image=shop:v1', 0],
      ['create deployment fg --image=shop:v1', 0],
      ['create deployment orphan --image=shop:v1', 0],
      ['create namespace gone', 0],
    ],
    ['wait --for=condition=Available deploy --all --timeout=30s', 0],
    [
      ['delete deploy bg --timeout=20s', 0, 'deployment.apps "bg" deleted'],
      ['delete deploy fg --cascade=foreground --timeout=20s', 0, 'deployment.apps "fg" deleted'],
      [
        'delete deploy orphan --cascade=orphan --timeout=20s',
        0,
        'deployment.apps "orphan" deleted',
      ],
    ],
    ['wait --for=delete pod -l app=bg --timeout=20s', 0],
    [
      ['get rs,pods -l app=fg', 0, 'No resources found'],
      ['get rs,pods -l app=orphan', 0, 'replicaset.apps/orphan-', 'pod/orphan-'],
      ['get rs -l app=orphan -o jsonpath={.items[*].metadata.ownerReferences}', 0, /^$/],
      ['create cm c -n gone', 0],
    ],
    ['delete namespace gone --timeout=20s', 0, 'namespace "gone" deleted'],
    ['get cm -n gone', 0, 'No resources found'],
    ['create cm c -n gone', 1, 'namespaces "gone" not found'],
  ],
}

test.concurrent.for(Object.entries(chapters))('%s', { timeout: 100_000 }, async ([name, steps]) => {
  const namespace = name.replaceAll(' ', '-')
  await play(run, undefined, [[`create namespace ${namespace}`, 0]])
  await play(run, namespace, steps)
})

/** The rows of the page's table: a command and what it answers. */
function pageRows(): Step[] {
  const page = readFileSync(new URL('../../../docs/local-cluster.md', import.meta.url), 'utf8')
  const rows = page.matchAll(/^\| `kubectl (.+?)` +\| `(.+?)` +\|$/gm)
  return [...rows].map(([, command = '', said = '']) => [command, 1, said])
}

test.concurrent('what is not offered is said as the page says it', {
  timeout: 60_000,
}, async () => {
  const rows = pageRows()
  expect(rows).toHaveLength(10)
  await play(run, undefined, [['create namespace lacking', 0]])
  await play(run, 'lacking', [
    ['run shop --image=shop:v1', 0],
    ['wait --for=condition=Ready pod/shop --timeout=20s', 0],
    rows,
  ])
})

test('a node that takes no pods', async () => {
  const unschedulable =
    /FailedScheduling .*0\/1 nodes are available: 1 node\(s\) were unschedulable/
  const tainted = /0\/1 nodes are available: 1 node\(s\) had untolerated taint \{a: b\}/
  await play(run, undefined, [['create namespace node', 0]])
  await play(run, 'node', [
    ['cordon local', 0, 'node/local cordoned'],
    ['get node local', 0, /Ready,SchedulingDisabled/],
    ['run late --image=shop:v1', 0],
    ['wait --for=condition=PodScheduled pod/late --timeout=1s', 1],
    ['events --for=pod/late', 0, unschedulable],
    ['uncordon local', 0, 'node/local uncordoned'],
    ['wait --for=condition=Ready pod/late --timeout=20s', 0],
    ['taint nodes local a=b:NoSchedule', 0, 'node/local tainted'],
    ['run tainted --image=shop:v1', 0],
    ['wait --for=condition=PodScheduled pod/tainted --timeout=1s', 1],
    ['events --for=pod/tainted', 0, tainted],
    ['taint nodes local a-', 0, 'node/local untainted'],
    ['wait --for=condition=Ready pod/tainted --timeout=20s', 0],
    ['drain local --force --pod-selector=run=late', 0, 'node/local drained'],
    ['get pod late', 1, 'NotFound'],
    ['uncordon local', 0],
    ['cluster-info dump --output-directory=@dump --namespaces=node', 0, 'Cluster info dumped to'],
  ])
})

test.concurrent('an autoscaler is taken or refused in words, and nothing scales by it', async () => {
  await run('create deployment scaled --image=shop:v1')
  const { code, stdout, stderr } = await run('autoscale deploy scaled --max=3')
  // Older clients only know autoscaling/v1, which is not served.
  if (code === 0) expect(stdout).toContain('horizontalpodautoscaler.autoscaling/scaled autoscaled')
  else expect(stderr).toContain('could not find the requested resource')
  await run('delete deploy scaled')
})
