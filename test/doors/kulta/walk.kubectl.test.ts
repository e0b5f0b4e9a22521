/** The document's own commands with the real kubectl, all doors' definitions installed, and its curl lines through the gateway. */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doors } from '#doors/register.ts'
import { kubectlFolder, play } from '#local/api-server/testing/kubectl.ts'
import { kultaStage, Player } from './kulta-stage.ts'

const { file, kubectl, run, remove } = kubectlFolder()
const stage = kultaStage({ speed: 15, crds: doors.flatMap(({ crds }) => crds) })

beforeAll(() => {
  writeFileSync(file('config'), stage().local.apiServer.kubeconfig(), { mode: 0o600 })
})
afterAll(() => remove())

const promote = 'annotate rollout my-app kulta.io/promote=true'

async function begin(name: string): Promise<{ app: Player; folder: string }> {
  const app = new Player(stage(), name)
  await app.open()
  await kubectl(`config set-context --current --namespace=${name}`)
  const folder = resolve(`examples/kulta/${name}`)
  return { app, folder }
}

describe('the document', () => {
  test('its canary: applied, watched, promoted by its command each time it waits', async () => {
    const { app, folder } = await begin('canary')
    await play(run, undefined, [
      [`apply -f ${folder}`, 0, 'rollout.kulta.io/my-app created'],
      ['get rollout', 0, /NAME +DESIRED +CURRENT +READY +PHASE +WEIGHT +AGE/],
    ])
    await app.comesTo('Paused')
    const traffic = startTraffic(app)
    await play(run, undefined, [
      ['get rollouts.kulta.io my-app', 0, /my-app +5 +5 +5 +Paused +20/],
      ['get rs my-app-stable my-app-canary', 0, /my-app-canary +1 +1 +1/],
      ['get httproute my-app-route -o jsonpath={.spec.rules[0].backendRefs[*].weight}', 0, '80 20'],
      [promote, 0, 'rollout.kulta.io/my-app annotated'],
    ])
    await app.comesTo('Paused', ({ currentStepIndex }) => currentStepIndex === 1)
    await play(run, undefined, [[promote, 0, 'annotated']])
    await app.comesTo('Paused', ({ currentStepIndex }) => currentStepIndex === 2)
    await play(run, undefined, [[promote, 0, 'annotated']])
    await app.comesTo('Completed')
    const { dropped } = await traffic.stop()
    expect(dropped).toBe(0)
    await play(run, undefined, [
      ['get rollout my-app', 0, /my-app +5 +5 +5 +Completed +100/],
      ['get rollout my-app -o jsonpath={.apiVersion}', 0, 'kulta.io/v1beta1'],
      ['explain rollout.spec.strategy.canary --api-version=kulta.io/v1alpha1', 0, 'canaryService'],
      [`delete -f ${folder}`, 0, /rollout\.kulta\.io "my-app" deleted/],
    ])
    await app.untilReplicas({})
  })

  test('its blue-green: the preview is asked under its own host, then promoted', async () => {
    const { app, folder } = await begin('blue-green')
    await play(run, undefined, [[`apply -f ${folder}`, 0, 'rollout.kulta.io/my-app created']])
    const waits = ({ message = '' }): boolean => /waits until/.test(message)
    // The manifest names no host of this test: its own is my-app.example.com.
    await app.comesTo('Preview', waits)
    await play(run, undefined, [[promote, 0, 'annotated']])
    await app.comesTo('Completed')
    await play(run, undefined, [
      ['set image rollout/my-app app=myregistry/myapp:v3.0.0', 1, ''],
      [
        'patch rollout my-app --type=json -p [{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"myregistry/myapp:v3.0.0"}]',
        0,
        'patched',
      ],
    ])
    await app.comesTo('Preview', waits)
    expect(await app.versions({}, 'preview.my-app.example.com')).toEqual(new Set(['v3.0.0']))
    expect(await app.versions({}, 'my-app.example.com')).toEqual(new Set(['v2.0.0']))
    await play(run, undefined, [[promote, 0, 'annotated']])
    await app.comesTo('Completed')
    expect(await app.versions({}, 'my-app.example.com')).toEqual(new Set(['v3.0.0']))
    await play(run, undefined, [[`delete -f ${folder}`, 0, 'deleted']])
  })

  test('its simple rolling update', async () => {
    const { app, folder } = await begin('simple')
    await play(run, undefined, [[`apply -f ${folder}`, 0, 'rollout.kulta.io/my-app created']])
    await app.comesTo('Completed')
    await play(run, undefined, [['get rs', 0, /my-app +3 +3 +3/]])
  })
})

function startTraffic(app: Player) {
  return new Player(stage(), app.namespace, app.name, 'my-app.example.com').traffic()
}
