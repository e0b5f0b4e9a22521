/** The dashboard of a controller lives with the rights that it is given. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { startDashboard } from '#dashboard/start.ts'
import type { ReleaseDetail } from '#dashboard/wire.ts'
import { doors } from '#doors/register.ts'
import { sharedPorts } from '#http/shared-port.ts'
import { connectTo } from '#kube/connect.ts'
import { silentLog } from '#kube/log.ts'
import { type Controlled, control } from '../../bench/controlled.ts'
import { install, namespace, releaseOf, setImage } from '../../bench/objects.ts'
import { controllerRules, dashboardRules } from '../../src/cli/rbac.ts'
import { watchUntil } from '../../src/cli/wait.ts'
import { isAtRest, waitsFor } from '../cli/ground.ts'
import { ask, follow, grant, openStage, type Stage } from './stage.ts'

const account = 'system:serviceaccount:default:headgate'
let stage: Stage
let controlled: Controlled
beforeAll(async () => {
  stage = await openStage()
  controlled = await control(stage.cluster)
  await stage.tokenFor('headgate')
  const own = dashboardRules(doors)
  const rules = [...controllerRules(doors).releases, ...own.releases, ...own.cluster]
  await grant(stage, 'headgate', rules)
  await grant(stage, 'ann', [{ apiGroups: ['headgate.dev'], resources: ['*'], verbs: ['*'] }])
})
afterAll(async () => {
  await controlled.stop()
  await stage.stop()
})

test('list, detail, stream, each preview and each action, without a refusal', async () => {
  const { cluster } = stage
  const refused: string[] = []
  const inner = cluster.server.transport({ name: account, groups: ['system:authenticated'] })
  const client = connectTo(
    {
      ...inner,
      send: async (request, options) => {
        const answer = await inner.send(request, options)
        if (answer.status === 403) refused.push(`${request.method} ${request.path}`)
        return answer
      },
    },
    cluster.ports,
  )
  const running = await startDashboard({
    ...{ cluster: client, clock: cluster.ports.clock, log: silentLog },
    ...{ address: { host: '127.0.0.1', port: 0 }, listen: sharedPorts(cluster.ports.clock) },
    ...{ access: { kind: 'token', audience: 'headgate' }, readOnly: false, version: 'test' },
  })
  const token = await stage.tokenFor('ann')
  const steps = [{ weight: 20 }, { pause: {} }]
  await install(cluster, releaseOf('shop', '0s', { strategy: { canary: { steps } } }))
  const until = (holds: typeof isAtRest): Promise<void> =>
    watchUntil(cluster.releases, () => {
      const own = cluster.releases.get(`${namespace}/shop`)
      return own !== undefined && holds(own)
    })
  await until(isAtRest)
  await setImage(cluster, 'shop', 'shop:v1')
  await until(waitsFor('WaitingForApproval'))

  const path = `/api/v1/releases/headgate/${namespace}/shop`
  const events = await follow(
    running.port,
    `?door=headgate&namespace=${namespace}&name=shop`,
    token,
  )
  // Its pods are seen, too.
  await events.until('detail', ({ revisions }: ReleaseDetail) =>
    revisions.some(({ workloads }) => workloads.some(({ pods }) => pods.length > 0)),
  )
  for (const verb of ['pause', 'resume', 'undo', 'abort', 'retry', 'restart', 'promote-full']) {
    const seen = await ask(running.port, `${path}/actions/${verb}`, { token })
    expect([verb, [200, 409].includes(seen.code), seen.text]).toEqual([verb, true, seen.text])
  }
  const { body } = await ask(running.port, `${path}/actions/abort`, { token })
  const { revision, step } = body as { revision: string; step: number }
  const aborted = await ask(running.port, `${path}/actions/abort`, {
    ...{ method: 'POST', token, body: { revision, step } },
  })
  expect(aborted.code).toBe(200)
  await until(isAtRest)
  const again = await ask(running.port, `${path}/actions/restart`, { token })
  const restarted = await ask(running.port, `${path}/actions/restart`, {
    ...{ method: 'POST', token, body: { revision: (again.body as { revision: string }).revision } },
  })
  expect(restarted.code).toBe(200)
  events.close()
  await running.stop()
  await client.close()
  expect(refused).toEqual([])
})

describe('as the guide says', () => {
  const page = readFileSync('docs/dashboard.md', 'utf8')
  const printed = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .flatMap(([, text = '']) => parseAllDocuments(text))
    .map((document) => document.toJS() as { metadata: { name: string }; rules: object[] })
  const rulesOf = (name: string): readonly object[] =>
    printed.find(({ metadata }) => metadata.name === name)?.rules ?? []

  test('the rights of the controller are those that it is given here', () => {
    const { releases, cluster } = dashboardRules(doors)
    expect(rulesOf('headgate-dashboard')).toEqual([...releases, ...cluster])
  })

  test('a viewer looks, an operator acts', async () => {
    const dashboard = await stage.open()
    const path = `/api/v1/releases/headgate/${namespace}/none`
    const code = async (role: string, asked: string): Promise<number> => {
      const token = await stage.tokenFor(role)
      return (await dashboard.ask(asked, { token })).code
    }
    for (const role of ['releases-viewer', 'releases-operator'])
      await grant(stage, role, rulesOf(role), namespace)
    for (const verb of ['promote', 'promote-full', 'pause', 'resume', 'abort', 'undo', 'restart']) {
      const action = `${path}/actions/${verb}`
      expect([verb, await code('releases-viewer', action)]).toEqual([verb, 403])
      expect([verb, await code('releases-operator', action)]).toEqual([verb, 404])
    }
    expect(await code('releases-viewer', path)).toBe(404)
  })
})
