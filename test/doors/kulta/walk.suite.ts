/** The document's own commands with the real kubectl, and its requests through the gateway. */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kubectlFolder, play } from '#local/api-server/testing/kubectl.ts'
import { type KultaStage, Player } from './kulta-stage.ts'

const promote = 'annotate rollout my-app kulta.io/promote=true'
/** What is asked of the example by requests: it names one host for all its namespaces, so that one is played at a time. */
const host = 'my-app.example.com'
const b = { 'x-variant': 'b' }

const imageOf = (version: string): string => {
  const path = '/spec/template/spec/containers/0/image'
  const patch = [{ op: 'replace', path, value: `myregistry/myapp:${version}` }]
  return `patch rollout my-app --type=json -p ${JSON.stringify(patch)}`
}

/** The stories as tests of the file that calls this, once in a file. */
export function documentByKubectl(stage: () => KultaStage): void {
  const { file, kubectl, run, remove } = kubectlFolder()
  beforeAll(() => {
    writeFileSync(file('config'), stage().local.apiServer.kubeconfig(), { mode: 0o600 })
  })
  afterAll(() => remove())

  async function begin(
    example: string,
    namespace = example,
  ): Promise<{ app: Player; folder: string }> {
    const app = new Player(stage(), namespace, 'my-app', host)
    await app.open()
    await kubectl(`config set-context --current --namespace=${namespace}`)
    return { app, folder: resolve(`examples/kulta/${example}`) }
  }

  /** Promoted each time the canary waits. */
  async function throughSteps(app: Player): Promise<void> {
    for (const step of [0, 1, 2]) {
      await app.comesTo('Paused', ({ currentStepIndex }) => currentStepIndex === step)
      await play(run, undefined, [[promote, 0, 'rollout.kulta.io/my-app annotated']])
    }
    await app.comesTo('Completed')
  }

  test('its canary: applied, watched, promoted by its command each time it waits', async () => {
    const { app, folder } = await begin('canary')
    await play(run, undefined, [
      [`apply -f ${folder}`, 0, 'rollout.kulta.io/my-app created'],
      ['get rollout', 0, /NAME +DESIRED +CURRENT +READY +PHASE +WEIGHT +AGE/],
    ])
    await app.comesTo('Paused')
    const traffic = app.traffic()
    await play(run, undefined, [
      ['get rollouts.kulta.io my-app', 0, /my-app +5 +5 +5 +Paused +20/],
      ['get rs my-app-stable my-app-canary', 0, /my-app-canary +1 +1 +1/],
      ['get httproute my-app-route -o jsonpath={.spec.rules[0].backendRefs[*].weight}', 0, '80 20'],
    ])
    await throughSteps(app)
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
    await app.comesTo('Preview', waits)
    await play(run, undefined, [[promote, 0, 'annotated']])
    await app.comesTo('Completed')
    await play(run, undefined, [
      ['set image rollout/my-app app=myregistry/myapp:v3.0.0', 1, ''],
      [imageOf('v3.0.0'), 0, 'patched'],
    ])
    await app.comesTo('Preview', waits)
    expect(await app.versions({}, `preview.${host}`)).toEqual(new Set(['v3.0.0']))
    expect(await app.versions()).toEqual(new Set(['v2.0.0']))
    await play(run, undefined, [[promote, 0, 'annotated']])
    await app.comesTo('Completed')
    expect(await app.versions()).toEqual(new Set(['v3.0.0']))
    await play(run, undefined, [[`delete -f ${folder}`, 0, 'deleted']])
  })

  test('its A/B: told apart by header and cookie, concluded and promoted by its annotations', async () => {
    const { app, folder } = await begin('ab-testing')
    await play(run, undefined, [[`apply -f ${folder}`, 0, 'rollout.kulta.io/my-app created']])
    await app.comesTo('Completed')
    await play(run, undefined, [[imageOf('v2.1.0'), 0, 'patched']])
    await app.comesTo('Experimenting', ({ message = '' }) => /compared/.test(message))
    const versions = [app.versions(b), app.versions({ cookie: 'variant=b' }), app.versions()]
    expect(await Promise.all(versions)).toEqual([
      new Set(['v2.1.0']),
      new Set(['v2.1.0']),
      new Set(['v2.0.0']),
    ])
    const conclude = 'annotate rollout my-app kulta.io/conclude-experiment=now'
    await play(run, undefined, [[conclude, 0, 'annotated']])
    await app.comesTo('Concluded')
    await play(run, undefined, [['annotate rollout my-app kulta.io/promote=B', 0, 'annotated']])
    await app.comesTo('Completed')
    expect(await app.versions()).toEqual(new Set(['v2.1.0']))
    await play(run, undefined, [[`delete -f ${folder}`, 0, 'deleted']])
  })

  test('its rollback by metrics: traffic goes home, then it is Failed', async () => {
    const { app, folder } = await begin('canary', 'rollback')
    const { speed } = stage()
    const judgedBy = (threshold: number): string => {
      const metrics = [{ name: 'error-rate', threshold, interval: `${speed}s` }]
      const analysis = { warmupDuration: `${speed}s`, metrics }
      const spec = JSON.stringify({ spec: { strategy: { canary: { analysis } } } })
      return `patch rollout my-app --type=merge -p ${spec}`
    }
    await play(run, undefined, [[`apply -f ${folder}`, 0, 'rollout.kulta.io/my-app created']])
    await app.comesTo('Paused')
    const traffic = app.traffic(20)
    // A machine that stands still fails a request or two of the few in a second: that is not what is told here.
    await play(run, undefined, [[judgedBy(60), 0, 'patched']])
    await throughSteps(app)
    await play(run, undefined, [
      [judgedBy(5), 0, 'patched'],
      [imageOf('v3.0.0-error50'), 0, 'patched'],
    ])
    await app.comesTo('Failed')
    expect(app.weights()).toEqual({ 'my-app-stable': 100, 'my-app-canary': 0 })
    expect(app.status.message).toMatch(/thresholds: metric error-rate/)
    expect(await app.versions()).toEqual(new Set(['v2.0.0']))
    const { dropped } = await traffic.stop()
    expect(dropped).toBe(0)
    await play(run, undefined, [
      ['get rollout my-app', 0, /my-app +5 +5 +5 +Failed/],
      [`delete -f ${folder}`, 0, 'deleted'],
    ])
  })

  test('its simple rolling update', async () => {
    const { app, folder } = await begin('simple')
    await play(run, undefined, [[`apply -f ${folder}`, 0, 'rollout.kulta.io/my-app created']])
    await app.comesTo('Completed')
    await play(run, undefined, [['get rs', 0, /my-app +3 +3 +3/]])
  })
}
