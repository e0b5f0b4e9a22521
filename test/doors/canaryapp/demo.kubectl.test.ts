/** The document's own command lines, with the real kubectl, and its curl lines as requests through the gateway. */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kubectlFolder, play } from '#local/api-server/testing/kubectl.ts'
import { image } from './sample.ts'
import { Actor, type Controlled, openStage, type Stage } from './stage.ts'

const { file, kubectl, run, remove } = kubectlFolder()
const folder = resolve('examples/canaryapp')

let stage: Stage
let controller: Controlled
let app: Actor

beforeAll(async () => {
  stage = await openStage()
  controller = await stage.startController()
  writeFileSync(file('config'), stage.local.apiServer.kubeconfig(), { mode: 0o600 })
  app = new Actor(stage, 'canaryapp-sample')
})
afterAll(async () => {
  await controller?.stop()
  await stage?.stop()
  remove()
})

/** `kubectl patch … --type=merge`, as the document has it. */
async function update(tag: string): Promise<void> {
  const patch = `{"spec":~{"image":~"${image(tag)}"~}}`
  await play(run, undefined, [
    [`patch canaryapp canaryapp-sample --patch ${patch} --type=merge`, 0, 'patched'],
  ])
}

/** Weights of primary and secondary as `kubectl get virtualservice` prints them. */
async function weights(): Promise<string> {
  return kubectl('get virtualservice canaryapp-sample -o jsonpath={.spec.http[0].route[*].weight}')
}

describe('C27: the demo of the document', () => {
  test('the sample is applied, and /hello and /nothello answer', async () => {
    await play(run, undefined, [
      [`apply -f ${folder}/canaryapp.yaml`, 0, 'canaryapp.canary.atze.io/canaryapp-sample created'],
      ['wait canaryapp/canaryapp-sample --for=condition=Ready --timeout=30s', 0, 'condition met'],
      ['get canaryapp', 0, /NAME +IMAGE +READY +TESTING +SHIFT +PHASE +REASON +AGE/],
      ['get canaryapps canaryapp-sample', 0, /status-code-server:v1 +2 +0 +Completed +Serving/],
      ['get deploy canaryapp-sample-primary', 0, /2\/2/],
      ['get svc,virtualservice,destinationrule', 0, 'canaryapp-sample-mesh'],
      ['get gateways.networking.istio.io canaryapp-sample -o yaml', 0, 'istio: ingressgateway'],
    ])
    await expect
      .poll(() => app.ask('/hello', 'localhost'), { timeout: 10_000 })
      .toEqual({ status: 200, body: 'Hello! v1' })
    expect((await app.ask('/nothello', 'localhost')).status).toBe(500)
  })

  test('C12–C15: kubectl get virtualservice goes 10, 20, 30, 40, 50, then v2 is promoted', async () => {
    const seen: string[] = []
    await update('v2')
    for (let done = false; !done; ) {
      const now = await weights()
      if (now !== seen.at(-1)) seen.push(now)
      done = seen.length > 1 && now === '100 0'
    }
    // A look may be too slow for a step of a clock that runs fast; none is out of its order.
    const order = ['100 0', '90 10', '80 20', '70 30', '60 40', '50 50', '100 0']
    expect(order.filter((one, index) => seen.includes(one) || index === 0)).toEqual(
      expect.arrayContaining(seen),
    )
    expect(app.weights.filter((weight) => weight > 0)).toEqual([10, 20, 30, 40, 50])
    await app.serves(image('v2'))
    await play(run, undefined, [
      ['get canaryapp canaryapp-sample -o jsonpath={.status.successfulRelease}', 0, 'true'],
      ['get virtualservice canaryapp-sample -o yaml', 0, 'subset: primary'],
      ['describe canaryapp canaryapp-sample', 0, 'TestStarted', 'TrafficShifted', 'Promoted'],
    ])
    expect((await app.ask('/hello', 'localhost')).body).toBe('Hello! v2')
  }, 60_000)

  test('C16, C17: /nothello on v3 rolls it back, and lastFailedTag appears', async () => {
    await update('v3')
    await app.until(({ status }) => status?.testRunning === true)
    const failing = app.traffic('/nothello', 20, 'localhost')
    await app.until(({ status }) => status?.lastFailedTag === image('v3'))
    await failing.stop()
    await app.serves(image('v2'))
    expect(await weights()).toBe('100 0')
    await play(run, undefined, [
      ['get canaryapp canaryapp-sample -o jsonpath={.status.lastFailedTag}', 0, image('v3')],
      ['get deploy canaryapp-sample-secondary', 1, 'not found'],
      ['get canaryapp -o wide', 0, 'AnalysisFailed'],
      ['describe canaryapp canaryapp-sample', 0, 'RolledBack'],
    ])
    expect((await app.ask('/hello', 'localhost')).body).toBe('Hello! v2')
  }, 60_000)

  test('CD10: the failed image is tried again by an annotation', async () => {
    await play(run, undefined, [
      ['annotate canaryapp canaryapp-sample canary.atze.io/retry=true', 0, 'annotated'],
    ])
    await app.until(({ status }) => status?.testedImage === image('v3'))
    await app.serves(image('v3'))
  }, 60_000)
})

describe('C25: who may do what', () => {
  const as = '--as=system:serviceaccount:default:limited-user'

  test('the limited user works with canaryapps in its namespace and reads no pods', async () => {
    await play(run, undefined, [
      ['create serviceaccount limited-user', 0, 'created'],
      [
        `apply -f ${folder}/limited-user/`,
        0,
        'role.rbac.authorization.k8s.io/canaryapp-editor-role created',
        'rolebinding.rbac.authorization.k8s.io/limited-user-canaryapp-rolebinding created',
      ],
      [`${as} get canaryapps canaryapp-sample`, 0, 'canaryapp-sample'],
      [`${as} get pods`, 1, 'Forbidden'],
      [`${as} get canaryapps -n kube-system`, 1, 'Forbidden'],
      [
        `${as} patch canaryapp canaryapp-sample --type=merge -p {"spec":{"replicas":3}}`,
        0,
        'patched',
      ],
      [`${as} delete virtualservice canaryapp-sample`, 1, 'Forbidden'],
    ])
  })

  test('editors write and viewers read, and neither writes a status', async () => {
    await play(run, undefined, [
      [`apply -f ${folder}/rbac/`, 0, 'canaryapp-editor-role', 'canaryapp-viewer-role'],
      ['create clusterrolebinding ed --clusterrole=canaryapp-editor-role --user=ed', 0],
      ['create clusterrolebinding vi --clusterrole=canaryapp-viewer-role --user=vi', 0],
      ['auth can-i update canaryapps --as=ed', 0, 'yes'],
      ['auth can-i get canaryapps --subresource=status --as=ed', 0, 'yes'],
      ['auth can-i update canaryapps --subresource=status --as=ed', 1, 'no'],
      ['auth can-i watch canaryapps --as=vi', 0, 'yes'],
      ['auth can-i update canaryapps --as=vi', 1, 'no'],
    ])
  })
})

/** Argo CD's kinds, as far as a server has to know them to take their objects. */
function argoDefinition(kind: string, plural: string): object {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.argoproj.io` },
    spec: {
      group: 'argoproj.io',
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [
        { name: 'v1alpha1', served: true, storage: true, schema: { openAPIV3Schema: open } },
      ],
    },
  }
}

test('C26: the Argo CD example is taken: one repository, one namespace, synced by itself', async () => {
  const definitions = [
    argoDefinition('AppProject', 'appprojects'),
    argoDefinition('Application', 'applications'),
  ]
  writeFileSync(
    file('argo.json'),
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: definitions }),
  )
  await play(run, undefined, [
    ['apply -f @argo.json', 0],
    [
      'wait crd/appprojects.argoproj.io crd/applications.argoproj.io --for=condition=Established --timeout=10s',
      0,
    ],
    ['create namespace argocd', 0],
    [`apply --server-side -f ${folder}/argocd-app`, 0, 'canary-app-demo', 'canary-demo-app'],
    [
      'get appproject canary-app-demo -n argocd -o jsonpath={.spec.destinations[*].namespace}',
      0,
      /^default$/,
    ],
    [
      'get appproject canary-app-demo -n argocd -o jsonpath={.spec.sourceRepos}',
      0,
      /^\["[^"]+"\]$/,
    ],
    ['get application canary-demo-app -n argocd -o jsonpath={.spec.syncPolicy}', 0, 'automated'],
  ])
})
