/** The document's own lines: its worked example by the real curl, its manual test, and the records as kubectl shows them. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sendByCurl, sharedScene, untilPhase } from './scene.ts'
import { workedExample } from './walk.suite.ts'

const scene = sharedScene()

/** Runs a program; its standard output. */
function run(program: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, (error, stdout) => (error === null ? resolve(stdout) : reject(error)))
  })
}

workedExample(scene, sendByCurl)

/** As the document prints it, but for the port. */
const manualTest = (port: number): string => `curl -X GET http://127.0.0.1:${port}/hi \\
  -H "Content-Type: application/json" \\
  -d '{
    "event_info": {
      "webhook_event": "ExperimentStarted",
      "workspace_id": "testservice"
    },
    "payload": {
      "context": {
        "and": [{
          "==": [{"var": "namespace"}, "mumbai"]
        }]
      },
      "variants": [{
        "id": "test-variant",
        "variant_type": "EXPERIMENTAL"
      }],
      "traffic_percentage": 10
    }
  }'`

test('the manual test and the health check, word by word; kubectl get shows the record', async () => {
  const { port, stage } = scene()
  expect(await run('sh', '-c', `curl -sS http://127.0.0.1:${port}/hi`)).toContain('message')
  expect(await run('sh', '-c', `${manualTest(port)} -sS`)).toBe('{"message":"deployment done!"}')
  await untilPhase(scene(), 'mumbai/testservice-test-variant', 'Running')
  const folder = await mkdtemp(join(tmpdir(), 'superposition-'))
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, stage.local.apiServer.kubeconfig())
  const shown = await run(
    'kubectl',
    '--kubeconfig',
    kubeconfig,
    'get',
    'experiments',
    '-n',
    'mumbai',
  )
  await rm(folder, { recursive: true })
  expect(shown.split('\n')[0]?.trim().split(/ {2,}/)).toEqual([
    'NAME',
    'EXPERIMENT',
    'STATUS',
    'PHASE',
    'VARIANTS',
    'WEIGHTS',
    'EVENT',
    'ERROR',
    'AGE',
  ])
  expect(shown).toMatch(
    /testservice-test-variant +INPROGRESS +Running +test-variant +test-variant=10 +ExperimentStarted/,
  )
}, 60_000)
