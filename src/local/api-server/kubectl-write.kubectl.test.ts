/** The real kubectl writes: every generator of create, apply in all its forms, patch, set, scale, edit, delete. Exit codes too. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { authority } from '#kube/testing/certificates.ts'
import { type RunningApiServer, startApiServer } from './start.ts'
import { kubectlFolder, play, type Step } from './testing/kubectl.ts'

let api: RunningApiServer
const { file, run, remove } = kubectlFolder()

const deployment = (image: string, more = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {team: a}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: app
        image: ${image}
        ports: [{containerPort: 80}]
${more}`
const side = '      - {name: side, image: "side:1"}\n'
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
          spec: {type: object, properties: {size: {type: integer, maximum: 9}}}
          status: {type: object, properties: {size: {type: integer}}}
`
const widget = 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3}\n'
const configMap = (name: string, data: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, labels: {set: pruned}}\ndata: ${data}\n`

beforeAll(async () => {
  api = await startApiServer({ ports: systemPorts() })
  writeFileSync(file('config'), api.kubeconfig(), { mode: 0o600 })
  const { key, cert } = await (await authority()).server('a.example.com')
  const texts: Record<string, string> = {
    'tls.key': key,
    'tls.crt': cert,
    'v1.yaml': deployment('app:1', side),
    'v2.yaml': deployment('app:2'),
    'v3.yaml': deployment('app:3', side),
    'selector.yaml': deployment('app:3').replaceAll('app: web', 'app: other'),
    'invalid.yaml': deployment('app:1').replace('replicas: 2', 'replicas: -2'),
    'typo.yaml': deployment('app:1')
      .replace('replicas', 'replicaz')
      .replace('name: web,', 'name: typo,'),
    'crd.yaml': definition,
    'widget.yaml': widget,
    'big.yaml': widget.replace('size: 3', 'size: 30'),
    'misspelt.yaml': widget.replace('size', 'sizee'),
    'broken.yaml': 'apiVersion: v1\nkind: [',
    'unknown.yaml': 'apiVersion: nowhere.io/v1\nkind: Nothing\nmetadata: {name: some}\n',
    'a.yaml': configMap('a', '{k: "1"}'),
    'b.yaml': configMap('b', '{k: "1"}'),
    'ssa.yaml': configMap('ssa', '{k: "1", mine: a}'),
    'ssa2.yaml': configMap('ssa', '{k: "2"}'),
    'ssa3.yaml': configMap('ssa', '{mine: a}'),
    'patch.json': '{"data":{"from":"file"}}',
    'generate.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: gen-}\n',
    'pair.env': 'X=1\nY=2\n',
    // An editor in one line.
    'editor.sh': '#!/bin/sh\nsed -i s/"k: v"/"k: edited"/ "$1"\n',
    'bad-editor.sh': '#!/bin/sh\nsed -i s/"replicas: 2"/"replicas: -1"/ "$1"\n',
  }
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(file(name), text, { mode: name.endsWith('.sh') ? 0o700 : 0o600 })
  }
  mkdirSync(file('both'))
  writeFileSync(file('both/a.yaml'), texts['a.yaml'] ?? '')
  writeFileSync(file('both/b.yaml'), texts['b.yaml'] ?? '')
})

afterAll(async () => {
  await api.close()
  remove()
})

/** What is under test by name: steps in order, those of an inner list at the same time. Each in a namespace of its own. */
const chapters: Readonly<Record<string, readonly (Step | readonly Step[])[]>> = {
  create: [
    [
      [
        'create deployment web --image=app:1 --replicas=2 --port=80',
        0,
        'deployment.apps/web created',
      ],
      ['create service clusterip cip --tcp=80:8080', 0, 'service/cip created'],
      ['create service clusterip none --clusterip=None', 0, 'service/none created'],
      ['create service nodeport np --tcp=80 --node-port=30080', 0, 'service/np created'],
      ['create service externalname en --external-name=x.example.com', 0, 'service/en created'],
      ['create service loadbalancer lb --tcp=80', 0, 'service/lb created'],
      ['create configmap c --from-literal=a=b --from-file=@pair.env', 0, 'configmap/c created'],
      ['create configmap e --from-env-file=@pair.env', 0, 'configmap/e created'],
      ['create secret generic s --from-literal=a=b', 0, 'secret/s created'],
      ['create secret tls t --cert=@tls.crt --key=@tls.key', 0, 'secret/t created'],
      [
        'create secret docker-registry d --docker-username=u --docker-password=p --docker-server=r',
        0,
        'secret/d created',
      ],
      ['create namespace made', 0, 'namespace/made created'],
      ['create serviceaccount robot', 0, 'serviceaccount/robot created'],
      [
        'create role r --verb=get,list --resource=pods,deployments.apps',
        0,
        'role.rbac.authorization.k8s.io/r created',
      ],
      [
        'create rolebinding rb --role=r --user=u --serviceaccount=create:robot',
        0,
        'rolebinding.rbac.authorization.k8s.io/rb created',
      ],
      [
        'create clusterrole cr --verb=get --resource=nodes',
        0,
        'clusterrole.rbac.authorization.k8s.io/cr created',
      ],
      [
        'create clusterrole agg --aggregation-rule=a=b',
        0,
        'clusterrole.rbac.authorization.k8s.io/agg created',
      ],
      [
        'create clusterrolebinding crb --clusterrole=cr --group=g',
        0,
        'clusterrolebinding.rbac.authorization.k8s.io/crb created',
      ],
      ['create job j --image=a:1 -- run me', 0, 'job.batch/j created'],
      ['create cronjob cj --image=a:1 --schedule=*/5~*~*~*~*', 0, 'cronjob.batch/cj created'],
      [
        'create ingress i --class=nginx --rule=a.example.com/x*=web:80,tls=t',
        0,
        'ingress.networking.k8s.io/i created',
      ],
      ['create quota q --hard=pods=10,services=20', 0, 'resourcequota/q created'],
      [
        'create poddisruptionbudget p --selector=app=web --min-available=1',
        0,
        'poddisruptionbudget.policy/p created',
      ],
      [
        'create priorityclass high --value=1000 --description=d',
        0,
        'priorityclass.scheduling.k8s.io/high created',
      ],
      ['create -f @generate.yaml', 0, /configmap\/gen-\w{5} created/],
      ['create -f @a.yaml --dry-run=client -o name', 0, 'configmap/a'],
      ['create -f @a.yaml --dry-run=server -o yaml', 0, 'uid:'],
      ['create -f @broken.yaml', 1, 'error parsing'],
      ['create -f @unknown.yaml', 1, 'no matches for kind "Nothing" in version "nowhere.io/v1"'],
      [
        'create -f @invalid.yaml',
        1,
        'spec.replicas: Invalid value: -2: must be greater than or equal to 0',
      ],
      ['create -f @typo.yaml', 1, 'unknown field "spec.replicaz"'],
      [
        'create -f @typo.yaml --validate=warn --dry-run=server',
        0,
        'Warning: unknown field "spec.replicaz"',
      ],
    ],
    [
      ['create token robot', 0, /^ey[\w-]+\.ey[\w-]+\.[\w-]+\n?$/],
      ['create job from --from=cronjob/cj', 0, 'job.batch/from created'],
      ['create cm c', 1, 'configmaps "c" already exists'],
      ['create priorityclass system-mine --value=5', 1, 'reserved for system use only'],
      [
        'create priorityclass huge --value=2000000000',
        1,
        'maximum allowed value of a user defined priority is 1000000000',
      ],
      ['get pc', 0, /high +1000 +false +\S+ +PreemptLowerPriority/, 'system-node-critical'],
      [
        'get svc',
        0,
        /cip +ClusterIP +10\.96\.\S+ +<none> +80\/TCP/,
        /none +ClusterIP +None/,
        /np +NodePort +\S+ +<none> +80:30080\/TCP/,
        /en +ExternalName +<none> +x\.example\.com/,
        /lb +LoadBalancer/,
      ],
      ['get cm c -o jsonpath={.data.a}{.data.pair\\.env}', 0, 'bX=1\nY=2'],
      ['get cm e -o jsonpath={.data}', 0, '{"X":"1","Y":"2"}'],
      [
        'get secret',
        0,
        /d +kubernetes.io\/dockerconfigjson +1/,
        /s +Opaque +1/,
        /t +kubernetes.io\/tls +2/,
      ],
      ['get job j -o jsonpath={.spec.template.spec.containers[0].command}', 0, '["run","me"]'],
      ['get cj', 0, /cj +\*\/5 \* \* \* \* +<none> +False +0/],
      ['get quota,pdb', 0, /resourcequota\/q/, /poddisruptionbudget.policy\/p +1 +N\/A/],
      ['get role r -o jsonpath={.rules[*].resources}', 0, '["pods"] ["deployments"]'],
      [
        'run prio --image=a:1 --overrides={"spec":{"priorityClassName":"high"}}',
        0,
        'pod/prio created',
      ],
      [
        'run ghost --image=a:1 --overrides={"spec":{"priorityClassName":"ghost"}}',
        1,
        'no PriorityClass with name ghost was found',
      ],
      [
        'run plain --image=a:1 --port=80 --env=A=b --labels=x=y --expose',
        0,
        'service/plain created',
        'pod/plain created',
      ],
    ],
    ['get pod prio -o jsonpath={.spec.priority}', 0, /^1000$/],
    [
      'patch pc high --type=merge -p {"value":7}',
      1,
      'value: Forbidden: may not be changed in an update.',
    ],
  ],
  apply: [
    ['apply -f @v1.yaml', 0, 'deployment.apps/web created'],
    ['apply -f @v1.yaml', 0, 'deployment.apps/web unchanged'],
    ['diff -f @v1.yaml', 0, /^$/],
    ['diff -f @v2.yaml', 1, '-      - image: app:1', '+      - image: app:2'],
    ['diff --server-side --force-conflicts -f @v2.yaml', 1, 'app:2'],
    [
      'apply -f @v2.yaml --dry-run=server -o jsonpath={.spec.template.spec.containers[*].name}',
      0,
      /^app$/,
    ],
    ['apply -f @v2.yaml --dry-run=client', 0, 'configured (dry run)'],
    ['apply -f @v2.yaml', 0, 'configured'],
    ['get deploy web -o jsonpath={.spec.template.spec.containers[*].image}', 0, /^app:2$/],
    ['apply view-last-applied deploy/web', 0, 'image: app:2'],
    ['apply set-last-applied -f @v1.yaml', 0, 'configured'],
    ['scale deploy web --replicas=5', 0, 'scaled'],
    ['apply -f @v2.yaml', 0, 'configured'],
    ['get deploy web -o jsonpath={.spec.replicas}', 0, /^2$/],
    ['apply -f @selector.yaml', 1, 'field is immutable'],
    ['apply -f @selector.yaml --force', 0, 'configured'],
    ['apply -f @invalid.yaml', 1, 'must be greater than or equal to 0'],
    ['apply -f @typo.yaml', 1, 'strict decoding error: unknown field "spec.replicaz"'],
    ['apply -f @nowhere.yaml', 1, 'does not exist'],
    ['apply -f @both -l set=pruned', 0, 'configmap/a created', 'configmap/b created'],
    [
      'apply -f @a.yaml -l set=pruned --prune --prune-allowlist=core/v1/ConfigMap',
      0,
      'configmap/b pruned',
    ],
    ['get cm b', 1, 'NotFound'],
  ],
  'apply on the server': [
    ['apply --server-side -f @ssa.yaml --field-manager=one', 0, 'configmap/ssa serverside-applied'],
    [
      'apply --server-side -f @ssa2.yaml --field-manager=two',
      1,
      'Apply failed with 1 conflict: conflict with "one": .data.k',
      '--force-conflicts',
    ],
    [
      'apply --server-side -f @ssa2.yaml --field-manager=two --dry-run=server --force-conflicts',
      0,
      'serverside-applied (server dry run)',
    ],
    [
      'apply --server-side -f @ssa2.yaml --field-manager=two --force-conflicts',
      0,
      'serverside-applied',
    ],
    ['get cm ssa -o jsonpath={.data}', 0, '{"k":"2","mine":"a"}'],
    ['apply --server-side -f @ssa3.yaml --field-manager=one', 0, 'serverside-applied'],
    ['get cm ssa -o jsonpath={.data}', 0, '{"k":"2","mine":"a"}'],
    [
      'get cm ssa -o yaml --show-managed-fields',
      0,
      'manager: one',
      'manager: two',
      'operation: Apply',
    ],
    ['patch cm ssa --type=merge -p {"data":{"mine":"b"}} --field-manager=three', 0, 'patched'],
    ['apply --server-side -f @ssa3.yaml --field-manager=one', 1, 'conflict with "three"'],
    // From the client's apply to the server's, with nobody in the way.
    ['apply -f @v1.yaml', 0, 'created'],
    ['apply --server-side -f @v3.yaml', 1, 'conflict with "kubectl-client-side-apply"'],
    ['apply --server-side -f @v1.yaml', 0, 'serverside-applied'],
    ['apply --server-side -f @v2.yaml', 0, 'serverside-applied'],
    ['get deploy web -o jsonpath={.spec.template.spec.containers[*].image}', 0, /^app:2$/],
  ],
  'patch, label, annotate, edit, replace': [
    ['apply -f @v1.yaml', 0, 'created'],
    ['create cm c --from-literal=k=v', 0],
    [
      'patch deploy web -p {"spec":{"template":{"spec":{"containers":[{"name":"side","image":"side:2"}]}}}}',
      0,
      'deployment.apps/web patched',
    ],
    ['get deploy web -o jsonpath={.spec.template.spec.containers[*].image}', 0, /app:1/, /side:2/],
    ['patch deploy web -p {"spec":{"paused":false}}', 0, /patched \(no change\)/],
    ['patch deploy web --type=merge -p {"spec":{"paused":true}}', 0, 'patched'],
    [
      'patch deploy web --type=json -p [{"op":"test","path":"/spec/paused","value":true},{"op":"replace","path":"/spec/replicas","value":3},{"op":"remove","path":"/spec/paused"}]',
      0,
      'patched',
    ],
    [
      'patch deploy web --type=json -p [{"op":"test","path":"/spec/replicas","value":9}]',
      1,
      'The request is invalid',
    ],
    ['patch cm c --patch-file=@patch.json', 0, 'patched'],
    [
      'patch cm c --type=merge -p {"metadata":{"resourceVersion":"1"}}',
      1,
      'the object has been modified',
    ],
    ['patch cm nothing -p {}', 1, 'configmaps "nothing" not found'],
    [
      'patch deploy web --subresource=status --type=merge -p {"status":{"observedGeneration":9}}',
      0,
      'patched',
    ],
    ['patch deploy web --subresource=scale --type=merge -p {"spec":{"replicas":4}}', 0, 'patched'],
    ['get deploy web -o jsonpath={.spec.replicas}/{.status.observedGeneration}', 0, /^4\/9$/],
    ['label cm c x=y', 0, 'configmap/c labeled'],
    ['label cm c x=z', 1, "'x' already has a value (y), and --overwrite is false"],
    ['label cm c x=z --overwrite', 0, 'labeled'],
    ['label cm -l x=z more=1', 0, 'labeled'],
    ['label cm c --list', 0, 'x=z', 'more=1'],
    ['label cm c x- more-', 0, 'configmap/c unlabeled'],
    ['label cm c bad!=1', 1, /invalid label|is invalid/],
    ['annotate cm c note=hello~there', 0, 'configmap/c annotated'],
    ['annotate cm c note-', 0, 'annotated'],
    ['annotate cm c a=b --resource-version=1', 1, 'the object has been modified'],
    ['replace -f @v3.yaml', 0, 'deployment.apps/web replaced'],
    ['replace -f @a.yaml', 1, 'configmaps "a" not found'],
    [
      'replace --force -f @v1.yaml',
      0,
      'deployment.apps "web" deleted',
      'deployment.apps/web replaced',
    ],
    ['get deploy web -o jsonpath={.metadata.generation}', 0, /^1$/],
  ],
  'set, scale, expose': [
    ['apply -f @v1.yaml', 0],
    ['set image deploy/web app=app:9 side=side:9', 0, 'image updated'],
    ['set image deploy/web nothing=x', 1, 'unable to find container named "nothing"'],
    ['set env deploy/web A=1 B=2', 0, 'env updated'],
    ['set env deploy/web B-', 0, 'env updated'],
    ['set env deploy/web --list', 0, 'A=1'],
    ['create cm c --from-literal=k=v', 0],
    ['set env deploy/web --from=cm/c --prefix=C_', 0, 'env updated'],
    [
      'set resources deploy/web -c=app --limits=cpu=200m,memory=64Mi --requests=cpu=100m',
      0,
      'resource requirements updated',
    ],
    ['create sa robot', 0],
    ['set serviceaccount deploy web robot', 0, 'serviceaccount updated'],
    [
      'get deploy web -o jsonpath={.spec.template.spec.serviceAccountName}={.spec.template.spec.containers[0].image}={.spec.template.spec.containers[0].resources.limits.memory}={.spec.template.spec.containers[0].env[*].name}',
      0,
      /^robot=app:9=64Mi=A C_K$/,
    ],
    ['create rolebinding rb --clusterrole=view --user=a', 0],
    ['set subject rolebinding rb --user=b --group=g', 0, 'subjects updated'],
    ['get rolebinding rb -o jsonpath={.subjects[*].name}', 0, /^a b g$/],
    ['expose deploy web --name=web --port=80 --target-port=8080', 0, 'service/web exposed'],
    ['expose deploy web --name=web --port=80', 1, 'services "web" already exists'],
    ['set selector svc web app=other', 0, 'service/web selector updated'],
    ['get svc web -o jsonpath={.spec.selector.app}:{.spec.ports[0].targetPort}', 0, /^other:8080$/],
    ['scale deploy web --replicas=3', 0, 'deployment.apps/web scaled'],
    ['scale deploy web --current-replicas=2 --replicas=9', 1, 'Expected replicas to be 2, was 3'],
    ['scale deploy web --current-replicas=3 --replicas=4', 0, 'scaled'],
    ['scale deploy nothing --replicas=1', 1, 'not found'],
    ['scale cm c --replicas=1', 1, /could not find the requested resource|scale/],
    ['rollout pause deploy/web', 0, 'paused'],
    ['rollout pause deploy/web', 1, 'is already paused'],
    ['rollout resume deploy/web', 0, 'resumed'],
    ['rollout resume deploy/web', 1, 'is not paused'],
    ['rollout restart deploy/web', 0, 'restarted'],
    [
      'get deploy web -o jsonpath={.spec.template.metadata.annotations}',
      0,
      'kubectl.kubernetes.io/restartedAt',
    ],
  ],
  delete: [
    [
      ['create cm a', 0],
      ['create cm b', 0],
      ['create cm l', 0],
      ['create -f @v1.yaml', 0],
      ['run p --image=a:1', 0],
    ],
    ['label cm l gone=yes', 0],
    ['delete cm a', 0, 'configmap "a" deleted'],
    ['delete cm a', 1, 'configmaps "a" not found'],
    ['delete cm a --ignore-not-found', 0],
    ['delete cm -l gone=yes', 0, 'configmap "l" deleted'],
    [
      'delete pod p --grace-period=0 --force',
      0,
      'Immediate deletion does not wait',
      'pod "p" force deleted',
    ],
    ['patch cm b --type=merge -p {"metadata":{"finalizers":["example.com/hold"]}}', 0],
    ['delete cm b --timeout=1s', 1, 'timed out waiting for the condition'],
    ['get cm b -o jsonpath={.metadata.deletionTimestamp}', 0, /^\d{4}-/],
    ['patch cm b --type=merge -p {"metadata":{"finalizers":null}}', 0],
    ['wait --for=delete cm/b --timeout=5s', 0],
    ['delete deploy web --cascade=orphan --wait=false', 0, 'deployment.apps "web" deleted'],
    ['get deploy web -o jsonpath={.metadata.finalizers}', 0, /^\["orphan"\]$/],
    ['patch deploy web --type=merge -p {"metadata":{"finalizers":null}}', 0],
    ['create -f @v1.yaml', 0],
    ['delete deploy web --cascade=foreground --wait=false', 0],
    ['get deploy web -o jsonpath={.metadata.finalizers}', 0, /^\["foregroundDeletion"\]$/],
    ['delete -f @both --ignore-not-found', 0],
    ['delete cm --all', 0],
    ['delete nothing x', 1, 'the server doesn\'t have a resource type "nothing"'],
  ],
  'custom resources': [
    [
      'apply -f @widget.yaml',
      1,
      'no matches for kind "Widget" in version "example.com/v1"',
      'ensure CRDs are installed first',
    ],
    [
      'apply -f @crd.yaml',
      0,
      'customresourcedefinition.apiextensions.k8s.io/widgets.example.com created',
    ],
    ['wait --for=condition=Established crd/widgets.example.com --timeout=10s', 0, 'condition met'],
    ['apply -f @widget.yaml', 0, 'widget.example.com/w created'],
    [
      'apply -f @big.yaml',
      1,
      'spec.size: Invalid value: 30: spec.size in body should be less than or equal to 9',
    ],
    ['apply -f @misspelt.yaml', 1, 'strict decoding error: unknown field "spec.sizee"'],
    ['get wd', 0, /NAME +SIZE\nw +3/],
    ['scale wd/w --replicas=5', 0, 'widget.example.com/w scaled'],
    ['get all', 0, 'widget.example.com/w'],
    ['patch wd w --type=merge --subresource=status -p {"status":{"size":2}}', 0, 'patched'],
    [
      'patch wd w -p {"spec":{"size":1}}',
      1,
      /Unsupported Media Type|strategic-merge-patch\+json is not supported by/,
    ],
    ['get wd w -o jsonpath={.spec.size}/{.status.size}', 0, /^5\/2$/],
    ['label wd w a=b', 0, 'labeled'],
    ['apply --server-side --force-conflicts -f @widget.yaml', 0, 'serverside-applied'],
    ['delete crd widgets.example.com --timeout=20s', 0, 'deleted'],
    ['get wd', 1, /could not find the requested resource|doesn't have a resource type/],
  ],
  'wait and watch': [
    [
      ['create -f @v1.yaml', 0],
      ['create cm c --from-literal=k=v', 0],
    ],
    ['wait --for=jsonpath={.data.k}=v cm/c --timeout=5s', 0, 'configmap/c condition met'],
    ['wait --for=jsonpath={.spec.replicas} deploy/web --timeout=5s', 0, 'condition met'],
    [
      'wait --for=condition=Available deploy/web --timeout=1s',
      1,
      'timed out waiting for the condition on deployments/web',
    ],
    [
      'patch deploy web --subresource=status --type=merge -p {"status":{"conditions":[{"type":"Available","status":"True"}]}}',
      0,
    ],
    ['wait --for=condition=Available deploy/web --timeout=5s', 0, 'condition met'],
    ['wait --for=condition=Available=false deploy/web --timeout=1s', 1, 'timed out'],
    ['wait --for=create cm/c --timeout=5s', 0],
    ['wait --for=delete cm/never --timeout=5s', 0],
    ['wait --for=condition=Ready pod/never --timeout=1s', 1, 'not found'],
    ['get cm -w --request-timeout=1s', 0, /c +1/],
    ['get cm c -w --output-watch-events --request-timeout=1s', 0, /ADDED +c/],
    ['get deploy --watch-only --request-timeout=1s', 0],
  ],
}

test.concurrent.for(Object.entries(chapters))('%s', { timeout: 100_000 }, async ([name, steps]) => {
  const namespace = name.replaceAll(/[ ,]+/g, '-')
  await play(run, undefined, [[`create namespace ${namespace}`, 0]])
  await play(run, namespace, steps)
})

test.concurrent('kubectl get --watch tells what happens, kubectl edit opens the editor', async () => {
  const options = { namespace: 'watched' }
  await run('create namespace watched')
  await run('create cm c --from-literal=k=v', options)
  const watching = run('get cm c -w -o jsonpath={.data.k} --request-timeout=6s', options)
  const edit = { ...options, env: { KUBE_EDITOR: file('editor.sh') } }
  expect(await run('edit cm c', edit)).toMatchObject({ code: 0, stdout: 'configmap/c edited\n' })
  expect(await run('edit cm c', edit)).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Edit cancelled'),
  })
  await run('create -f @v2.yaml', options)
  const spoil = { ...options, env: { KUBE_EDITOR: file('bad-editor.sh') } }
  const spoilt = await run('edit deploy web', spoil)
  expect(spoilt.code).toBe(1)
  expect(spoilt.stderr).toContain('deployments.apps "web" is invalid')
  expect((await watching).stdout).toBe('vedited')
})
