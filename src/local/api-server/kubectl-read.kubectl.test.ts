/** The real kubectl reads: discovery, explain, every output of get, describe, config, kustomize. Exit codes too. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { type RunningApiServer, startApiServer } from './start.ts'
import { kubectlFolder, play, type Step } from './testing/kubectl.ts'

let api: RunningApiServer
const { file, run, remove } = kubectlFolder()

const objects = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {team: a}, annotations: {note: hello}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: app
        image: app:1
        ports: [{containerPort: 80}]
        env: [{name: A, value: b}]
        readinessProbe: {httpGet: {path: /ready, port: 80}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: one, labels: {app: one, tier: x}}
spec: {containers: [{name: app, image: "app:1"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: two, labels: {app: two}}
spec: {nodeName: n1, containers: [{name: app, image: "app:2"}, {name: side, image: "side:1"}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: nginx
  tls: [{hosts: [a.example.com], secretName: tls}]
  rules: [{host: a.example.com, http: {paths: [{path: /x, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {k: v}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {password: geheim}
---
apiVersion: example.com/v1
kind: Gadget
metadata: {name: g, labels: {team: a}}
spec: {size: 3, parts: [{name: wheel, count: 4}]}
`
const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: gadgets, singular: gadget, kind: Gadget, shortNames: [gd], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    - {name: First, type: string, priority: 1, jsonPath: ".spec.parts[0].name"}
    selectableFields: [{jsonPath: .spec.size}]
    schema:
      openAPIV3Schema:
        type: object
        description: A thing with parts.
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, description: How big.}
              parts:
                type: array
                items: {type: object, properties: {name: {type: string}, count: {type: integer, description: How many.}}}
`
const node = 'apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {zone: z}}\n'

beforeAll(async () => {
  api = await startApiServer({ ports: systemPorts() })
  writeFileSync(file('config'), api.kubeconfig(), { mode: 0o600 })
  writeFileSync(file('crd.yaml'), definition)
  writeFileSync(file('node.yaml'), node)
  writeFileSync(file('all.yaml'), objects)
  writeFileSync(file('names.tmpl'), '{{range .items}}{{.metadata.name}};{{end}}')
  writeFileSync(file('columns.txt'), 'NAME IMAGE\n.metadata.name .spec.containers[0].image\n')
  mkdirSync(file('kustom'))
  writeFileSync(file('kustom/cm.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kc}\n')
  writeFileSync(
    file('kustom/kustomization.yaml'),
    'resources: [cm.yaml]\nnamePrefix: my-\nlabels: [{pairs: {made: by-kustomize}}]\nconfigMapGenerator: [{name: gen, literals: [a=b]}]\n',
  )
  await play(run, 'reading', [
    [
      ['create namespace reading', 0],
      ['apply -f @crd.yaml', 0],
      ['create -f @node.yaml', 0],
    ],
    ['wait --for=condition=Established crd/gadgets.example.com', 0],
    ['apply -f @all.yaml', 0, 'gadget.example.com/g created'],
  ])
})

afterAll(async () => {
  await api.close()
  remove()
})

/** What is under test by name; none changes anything, so all run at the same time. */
const chapters: Readonly<Record<string, readonly Step[]>> = {
  discovery: [
    ['version', 0, 'Client Version:', 'Server Version: v1.34.4'],
    ['version -o json', 0, '"gitVersion": "v1.34.4"'],
    ['api-versions', 0, /^apps\/v1$/m, /^v1$/m, /^example\.com\/v1$/m],
    ['api-resources', 0, /deployments +deploy +apps\/v1 +true +Deployment/],
    [
      'api-resources -o wide',
      0,
      /gadgets +gd +example\.com\/v1 +true +Gadget +delete,deletecollection,get,list,patch,create,update,watch +all/,
    ],
    ['api-resources --namespaced=false -o name', 0, /^nodes$/m, /^namespaces$/m],
    ['api-resources --api-group=example.com --no-headers', 0, /^gadgets/],
    ['api-resources --verbs=create --categories=all -o name', 0, 'pods', 'gadgets.example.com'],
    ['cluster-info', 0, 'Kubernetes control plane', 'https://127.0.0.1:'],
    ['get --raw /healthz', 0, /^ok$/],
    ['get --raw /readyz', 0, /^ok$/],
    ['get --raw /livez?verbose', 0, '[+]ping ok', 'livez check passed'],
    ['get --raw /api/v1/namespaces/reading/configmaps/c', 0, '"k":"v"'],
    ['get --raw /apis/nothing/v1', 1, 'Error from server (NotFound)'],
    ['get --raw /openapi/v3', 0, 'apis/example.com/v1'],
    ['get --raw /openapi/v2', 0, '"swagger":"2.0"'],
  ],
  explain: [
    ['explain deploy', 0, 'KIND:       Deployment', 'GROUP:      apps', 'VERSION:    v1'],
    ['explain deploy.spec.replicas', 0, 'FIELD: replicas <integer>', 'Number of desired pods'],
    [
      'explain deploy.spec.strategy --recursive',
      0,
      /rollingUpdate\t<RollingUpdateDeployment>\n {4}maxSurge\t<IntOrString>/,
    ],
    ['explain pods.spec.containers.readinessProbe.httpGet', 0, 'port\t<IntOrString> -required-'],
    ['explain gd', 0, 'A thing with parts.', 'GROUP:      example.com'],
    ['explain gd.spec.size', 0, 'FIELD: size <integer>', 'How big.'],
    ['explain gd --recursive', 0, /spec\t<Object>\n {4}parts\t<\[\]Object>\n {6}count\t<integer>/],
    ['explain gd.spec.parts.count', 0, 'How many.'],
    ['explain deploy --api-version=apps/v1', 0, 'VERSION:    v1'],
    ['explain deploy.spec.nothing', 1, 'error: field "nothing" does not exist'],
    ['explain nothing', 1, 'the server doesn\'t have a resource type "nothing"'],
    [
      'explain deploy.spec --output=plaintext-openapiv2',
      0,
      'Specification of the desired behavior',
    ],
  ],
  get: [
    ['get pods', 0, /^NAME +READY +STATUS +RESTARTS +AGE\none +0\/1 +Pending +0 .*\ntwo +0\/2/],
    ['get pods -o wide', 0, /IP +NODE +NOMINATED NODE +READINESS GATES\n/, /two .* n1 /],
    ['get pods --no-headers --show-labels', 0, /^one .* app=one,tier=x\n/],
    ['get pods -L app,tier', 0, /APP +TIER\none .* one +x\n/],
    ['get pods --sort-by=.metadata.name -o name', 0, /^pod\/one\npod\/two\n$/],
    ['get pod/one deploy/web', 0, /pod\/one .*[\s\S]*deployment\.apps\/web/],
    ['get pods,svc -o name', 0, /^pod\/one\npod\/two\nservice\/web\n$/],
    ['get all', 0, 'pod/one', 'service/web', 'deployment.apps/web', 'gadget.example.com/g'],
    ['get pod one -o yaml', 0, /^apiVersion: v1\nkind: Pod\n/, 'uid:', 'dnsPolicy: ClusterFirst'],
    [
      'get pod one -o yaml --show-managed-fields',
      0,
      'managedFields:',
      'manager: kubectl-client-side-apply',
    ],
    ['get pod one -o json', 0, '"kind": "Pod"', '"qosClass": "BestEffort"'],
    ['get pod one -o name', 0, /^pod\/one\n$/],
    [
      'get pods -o jsonpath={range~.items[*]}{.metadata.name}={.spec.containers[*].image}{"\\n"}{end}',
      0,
      /^one=app:1\ntwo=app:2 side:1\n$/,
    ],
    ['get pods -o jsonpath={.items[?(@.spec.nodeName=="n1")].metadata.name}', 0, /^two$/],
    ['get pods -o jsonpath-as-json={.items[*].metadata.name}', 0, /"one",\s+"two"/],
    [
      'get pods -o custom-columns=N:.metadata.name,I:.spec.containers[*].image',
      0,
      /^N +I\none +app:1\ntwo +app:2,side:1\n$/,
    ],
    ['get pods -o custom-columns-file=@columns.txt', 0, /^NAME +IMAGE\none +app:1\n/],
    ['get pods -o go-template={{range~.items}}{{.metadata.name}};{{end}}', 0, /^one;two;$/],
    ['get pods -o go-template-file=@names.tmpl', 0, /^one;two;$/],
    ['get pods -l app=one -o name', 0, /^pod\/one\n$/],
    ['get pods -l app~in~(one,two),tier -o name', 0, /^pod\/one\n$/],
    ['get pods -l app!=one -o name', 0, /^pod\/two\n$/],
    ['get pods -l !tier -o name', 0, /^pod\/two\n$/],
    ['get pods --field-selector spec.nodeName=n1 -o name', 0, /^pod\/two\n$/],
    [
      'get pods --field-selector status.phase!=Pending',
      0,
      'No resources found in reading namespace.',
    ],
    ['get pods --field-selector metadata.name=one,status.phase=Pending -o name', 0, /^pod\/one\n$/],
    ['get pods --field-selector spec.nothing=1', 1, 'field label not supported: spec.nothing'],
    ['get gd --field-selector spec.size=3 -o name', 0, 'gadget.example.com/g'],
    ['get gd --field-selector spec.other=3', 1, 'field label not supported: spec.other'],
    ['get pods -A -o custom-columns=N:.metadata.namespace', 0, 'reading'],
    ['get cm --chunk-size=1 -o name', 0, 'configmap/c'],
    ['get secret s -o jsonpath={.data.password}', 0, /^Z2VoZWlt$/],
    ['get gd', 0, /^NAME +SIZE\ng +3\n$/],
    ['get gd -o wide', 0, /^NAME +SIZE +FIRST\ng +3 +wheel\n$/],
    ['get gadgets.v1.example.com g -o jsonpath={.spec.parts[0].count}', 0, /^4$/],
    ['get gd --show-kind', 0, 'gadget.example.com/g'],
    ['get -f @all.yaml -o name', 0, 'ingress.networking.k8s.io/web'],
    ['get deploy web --subresource=status -o jsonpath={.spec.replicas}', 0, /^2$/],
    ['get deploy web --subresource=scale', 0, /NAME +DESIRED +AVAILABLE +AGE\nweb +2 +0/],
    ['get node n1', 0, /^NAME +STATUS +ROLES +AGE +VERSION\nn1 +Unknown +<none>/],
    ['get ingress web', 0, /web +nginx +a\.example\.com +80, 443/],
    ['get pod nothing', 1, 'Error from server (NotFound): pods "nothing" not found'],
    ['get pod nothing --ignore-not-found', 0, /^$/],
    ['get nothing', 1, 'error: the server doesn\'t have a resource type "nothing"'],
    ['get pods -l =bad=', 1, /unable to parse requirement|invalid|found/],
  ],
  describe: [
    ['describe pod two', 0, /Node: +n1/, /Image: +side:1/, /QoS Class: +BestEffort/, 'Events:'],
    [
      'describe deploy web',
      0,
      /Replicas: +2 desired \| 0 updated/,
      /StrategyType: +RollingUpdate/,
      /Readiness: +http-get http:\/\/:80\/ready delay=0s timeout=1s period=10s #success=1 #failure=3/,
      /A: +b/,
    ],
    ['describe svc web', 0, /Port: +http +80\/TCP/, /Selector: +app=web/, /IP: +10\.96\./],
    ['describe ingress web', 0, /TLS:\s+tls terminates a\.example\.com/, /\/x +web:80/],
    [
      'describe node n1',
      0,
      /Labels: +zone=z/,
      /Non-terminated Pods: +\(1 in total\)/,
      /reading +two/,
    ],
    ['describe gd g', 0, /Kind: +Gadget/, /Size: +3/, /Name: +wheel/],
    ['describe cm c', 0, /k:\n----\nv\n/],
    ['describe secret s', 0, /password: +6 bytes/],
    ['describe ns reading', 0, /Status: +Active/],
    ['describe sa default', 1, 'serviceaccounts "default" not found'],
    ['describe pods -l app=one', 0, /Name: +one/],
    ['describe crd gadgets.example.com', 0, /Kind: +CustomResourceDefinition/],
    ['describe pod nothing', 1, 'Error from server (NotFound): pods "nothing" not found'],
  ],
  'config and kustomize': [
    ['config view', 0, 'server: https://127.0.0.1:', 'token: REDACTED'],
    [
      'config view --minify --raw -o jsonpath={.clusters[0].cluster.server}',
      0,
      /^https:\/\/127\.0\.0\.1:\d+$/,
    ],
    ['config current-context', 0, /\S/],
    ['config get-contexts -o name', 0, /\S/],
    ['config get-clusters', 0, /^NAME\n\S/],
    ['config get-users', 0, /^NAME\n\S/],
    ['kustomize @kustom', 0, 'name: my-kc', 'made: by-kustomize', /name: my-gen-\w+/],
    ['get -k @kustom', 1, 'configmaps "my-kc" not found'],
    ['apply -k @kustom --dry-run=server', 0, 'configmap/my-kc created (server dry run)'],
    ['diff -k @kustom', 1, '+  name: my-kc'],
    ['auth can-i create pods', 0, 'yes'],
    ['auth can-i list pods --as nobody', 1, 'no'],
    ['auth whoami -o jsonpath={.status.userInfo.username}', 0, /^kubernetes-admin$/],
    ['completion bash', 0, '__start_kubectl'],
    ['plugin list', 1, 'error: unable to find any kubectl plugins'],
    ['options', 0, '--request-timeout'],
  ],
}

for (const [name, steps] of Object.entries(chapters)) {
  test(name, async () => {
    // At the same time, but so few that none waits for its turn.
    const groups = steps.flatMap((_, at) => (at % 4 === 0 ? [steps.slice(at, at + 4)] : []))
    await play(run, 'reading', groups)
  })
}

test('kubectl config writes a kubeconfig that works', async () => {
  writeFileSync(file('other'), api.kubeconfig(), { mode: 0o600 })
  const other = (command: string) => run(command, { config: 'other' })
  expect(await other('config set-context --current --namespace=reading')).toMatchObject({ code: 0 })
  expect((await other('get cm -o name')).stdout).toContain('configmap/c\n')
  await other('config set-credentials jane --token=wrong')
  await other('config set-context --current --user=jane')
  expect(await other('get cm')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('You must be logged in'),
  })
  expect((await other('config use-context nothing')).code).toBe(1)
})
