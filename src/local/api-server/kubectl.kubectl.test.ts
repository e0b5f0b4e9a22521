/** The real kubectl against the server, verb by verb. Needs kubectl on the path. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { type RunningApiServer, startApiServer } from './start.ts'

let api: RunningApiServer
const folder = mkdtempSync(join(tmpdir(), 'kubectl-test-'))
const file = (name: string): string => join(folder, name)

const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {team: a}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: app, image: "app:1", ports: [{containerPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`
const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.size, statusReplicasPath: .status.size}}
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: What is wanted.
            properties: {size: {type: integer, maximum: 9, description: How big.}}
          status: {type: object, properties: {size: {type: integer}}}
`
const widget = 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3}\n'

beforeAll(async () => {
  api = await startApiServer({ ports: systemPorts() })
  writeFileSync(file('config'), api.kubeconfig(), { mode: 0o600 })
  writeFileSync(file('web.yaml'), manifest)
  writeFileSync(
    file('web2.yaml'),
    manifest.replace('app:1', 'app:2').replace(', labels: {team: a}', ''),
  )
  writeFileSync(file('crd.yaml'), definition)
  writeFileSync(file('widget.yaml'), widget)
  writeFileSync(file('bad.yaml'), widget.replace('size: 3', 'size: 30'))
  writeFileSync(file('typo.yaml'), widget.replace('size', 'sizee'))
})

afterAll(async () => {
  await api.close()
  rmSync(folder, { recursive: true })
})

function kubectl(command: string): Promise<string> {
  const words = command
    .split(' ')
    .map((word) => word.replace(/^@/, `${folder}/`).replaceAll('~', ' '))
  const env = { ...process.env, KUBECONFIG: file('config'), HOME: folder }
  return new Promise((resolve) => {
    execFile('kubectl', words, { env, timeout: 20_000 }, (_error, stdout, stderr) => {
      resolve(`${stdout}${stderr}`)
    })
  })
}

/** Commands in order, each with what it must say; `@` stands for the test's folder, `~` for a blank. */
const story: [string, string | RegExp][] = [
  ['version', 'Server Version: v1.34.4'],
  ['api-versions', 'apps/v1'],
  ['api-resources', /deployments +deploy +apps\/v1 +true +Deployment/],
  ['get ns', /default +Active/],
  ['get --raw /healthz', 'ok'],
  ['apply -f @web.yaml', 'deployment.apps/web created\nservice/web created'],
  ['apply -f @web.yaml', 'deployment.apps/web unchanged\nservice/web unchanged'],
  ['get deploy', /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/2/],
  ['get deploy -o wide', /CONTAINERS +IMAGES +SELECTOR\nweb .* app +app:1 +app=web/],
  ['get deploy web -o name', 'deployment.apps/web'],
  ['get deploy web -o jsonpath={.spec.strategy.type}', 'RollingUpdate'],
  ['get deploy -o custom-columns=N:.metadata.name', 'N\nweb'],
  ['get deploy -l team=a -o name', 'deployment.apps/web'],
  ['get deploy -l team=b', 'No resources found'],
  ['get svc -A', /default +web +ClusterIP +10\.96\./],
  ['describe deploy web', /Replicas: +2 desired \| 0 updated/],
  ['describe svc web', /Port: +<unset> +80\/TCP/],
  ['diff -f @web2.yaml', 'app:2'],
  ['apply -f @web2.yaml', 'deployment.apps/web configured'],
  [
    'get deploy web -o jsonpath={.metadata.labels}{.spec.template.spec.containers[0].image}',
    'app:2',
  ],
  [
    'apply --server-side -f @web.yaml',
    /conflicts? with "kubectl-client-side-apply"|serverside-applied/,
  ],
  ['apply --server-side --force-conflicts -f @web.yaml', 'deployment.apps/web serverside-applied'],
  ['apply --server-side --dry-run=server -f @web.yaml', '(server dry run)'],
  ['label deploy web x=y', 'labeled'],
  ['annotate deploy web x=y', 'annotated'],
  ['set image deploy/web app=app:3', 'image updated'],
  ['set env deploy/web A=B', 'env updated'],
  ['set resources deploy/web --limits=cpu=500m', 'resource requirements updated'],
  ['patch deploy web -p {"spec":{"paused":true}}', 'patched'],
  ['patch deploy web --type=merge -p {"spec":{"paused":null}}', 'patched'],
  [
    'patch deploy web --type=json -p [{"op":"replace","path":"/spec/minReadySeconds","value":1}]',
    /patched|rejected/,
  ],
  ['scale deploy web --replicas=4', 'deployment.apps/web scaled'],
  ['rollout pause deploy/web', 'paused'],
  ['rollout resume deploy/web', 'resumed'],
  ['rollout restart deploy/web', 'restarted'],
  ['rollout status deploy/web --watch=false', 'Waiting for deployment'],
  ['create deployment other --image=a:1', 'deployment.apps/other created'],
  ['create cm c --from-literal=a=b', 'configmap/c created'],
  ['create secret generic s --from-literal=a=b', 'secret/s created'],
  ['create ns n', 'namespace/n created'],
  ['create sa robot', 'serviceaccount/robot created'],
  ['create service clusterip cip --tcp=80', 'service/cip created'],
  ['create ingress i --rule=a.example.com/x=web:80', 'ingress.networking.k8s.io/i created'],
  ['create role r --verb=get --resource=pods', 'role.rbac.authorization.k8s.io/r created'],
  ['create rolebinding rb --role=r --user=u', 'rolebinding.rbac.authorization.k8s.io/rb created'],
  ['create job j --image=a:1', 'job.batch/j created'],
  ['create quota q --hard=pods=1', 'resourcequota/q created'],
  ['create pdb p --selector=app=web --min-available=1', 'poddisruptionbudget.policy/p created'],
  ['get ing,job,cm,secret,sa,pdb', /a\.example\.com/],
  ['describe ingress i', /a\.example\.com/],
  ['expose deploy web --name=exposed --port=81', 'service/exposed exposed'],
  ['run p --image=a:1', 'pod/p created'],
  ['get pods -o wide', /p +0\/1 +Pending +0 /],
  ['get pods --field-selector status.phase=Running', 'No resources found'],
  ['describe pod p', /Status: +Pending/],
  ['logs p', 'container "p" in pod "p" is waiting to start'],
  ['wait --for=jsonpath={.status.phase}=Pending pod/p', 'condition met'],
  ['delete pod p', 'pod "p" deleted'],
  ['events', 'No events found'],
  ['explain deploy.spec.replicas', 'Number of desired pods'],
  ['apply -f @crd.yaml', 'created'],
  ['wait --for=condition=Established crd/widgets.example.com', 'condition met'],
  ['apply -f @widget.yaml', 'widget.example.com/w created'],
  [
    'apply -f @bad.yaml',
    'spec.size: Invalid value: 30: spec.size in body should be less than or equal to 9',
  ],
  ['apply -f @typo.yaml', 'strict decoding error: unknown field "spec.sizee"'],
  ['get wd', /NAME +SIZE\nw +3/],
  ['get all', 'widget.example.com/w'],
  ['describe wd w', /Size: +3/],
  ['scale wd/w --replicas=5', 'scaled'],
  ['explain wd.spec.size', 'How big.'],
  ['patch wd w --type=merge --subresource=status -p {"status":{"size":2}}', 'patched'],
  ['delete wd w', 'widget.example.com "w" deleted'],
  ['delete crd widgets.example.com', 'deleted'],
  ['auth can-i create pods', 'yes'],
  ['auth whoami', 'kubernetes-admin'],
  ['replace -f @web.yaml', /deployment.apps\/web replaced/],
  ['get deploy nothere', 'Error from server (NotFound): deployments.apps "nothere" not found'],
  ['create cm c', 'error: failed to create configmap: configmaps "c" already exists'],
  ['delete deploy other --cascade=orphan --wait=false', 'deployment.apps "other" deleted'],
  ['get deploy other -o jsonpath={.metadata.finalizers}', '["orphan"]'],
  ['delete -f @web.yaml', 'service "web" deleted'],
  ['delete cm --all', 'configmap "c" deleted'],
]

for (const [command, wanted] of story) {
  test(`kubectl ${command}`, async () => {
    const said = await kubectl(command)
    if (typeof wanted === 'string') expect(said).toContain(wanted)
    else expect(said).toMatch(wanted)
  })
}

test('kubectl get --watch tells what happens', async () => {
  const watching = kubectl('get cm -w --request-timeout=3s')
  await kubectl('create cm seen --from-literal=a=b')
  expect(await watching).toMatch(/seen +1/)
})
