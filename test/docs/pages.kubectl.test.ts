/** The commands of the pages, typed as they are printed, in their order, on local clusters with the real kubectl. */
import { spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLocalCluster } from '#local/cluster.ts'
import { spawnLocal } from '../../src/cli/child.ts'
import { startControllerProcess } from '../cluster/controller-process.ts'
import { commandsOf, type Page, type Walking } from './blocks.ts'
import { walks } from './pages.ts'

type Ground = {
  readonly walking: Walking
  /** @throws Error with all that it said where it fails. */
  readonly run: (text: string, seconds?: number) => Promise<string>
  readonly stop: () => Promise<void>
}

/** A folder as somebody else cloned it: what commands write beside it stays beside it. */
function clone(folder: string): string {
  const to = join(folder, 'headgate')
  mkdirSync(to)
  for (const name of readdirSync('.')) {
    // Kustomize follows no link out of a folder.
    if (['deploy', 'examples'].includes(name)) cpSync(name, join(to, name), { recursive: true })
    else if (!name.startsWith('.')) symlinkSync(resolve(name), join(to, name))
  }
  return to
}

async function openGround({ cluster }: Page): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-pages-'))
  const cwd = clone(folder)
  const kubeconfig = join(folder, 'kubeconfig')
  const local = cluster === 'local' ? await localCluster(folder) : await bareCluster(kubeconfig)
  const ends: (() => Promise<unknown>)[] = []
  const shell = shellIn({ cwd, kubeconfig, instead: local.instead })
  return {
    walking: {
      type: (text) => shell(text),
      controllerAs: async ({ namespace, account }) => {
        const token = (await shell(`kubectl -n ${namespace} create token ${account}`)).trim()
        const controller = await startControllerProcess(local.kubeconfigOf(token), [
          '--lease-namespace',
          namespace,
        ])
        ends.push(controller.stop)
        await controller.leads
      },
    },
    run: shell,
    stop: async () => {
      for (const end of ends) await end()
      await local.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Cluster = {
  /** Addresses that the pages name, and where they are here. */
  readonly instead: Readonly<Record<string, string>>
  readonly kubeconfigOf: (token: string) => string
  readonly stop: () => Promise<void>
}

async function localCluster(folder: string): Promise<Cluster> {
  const kubeconfig = join(folder, 'kubeconfig')
  const local = await spawnLocal({ kubeconfig, decisionLog: join(folder, 'decisions') })
  const { gateway, deployer = '', superposition = '' } = local.addresses
  return {
    instead: {
      '/tmp/headgate.kubeconfig': kubeconfig,
      'http://127.0.0.1:8088': gateway,
      'http://localhost:8000': deployer,
      'http://127.0.0.1:8090': superposition,
    },
    kubeconfigOf: () => {
      throw new Error('a local cluster has its controller')
    },
    stop: local.stop,
  }
}

async function bareCluster(kubeconfig: string): Promise<Cluster> {
  const local = await startLocalCluster()
  writeFileSync(kubeconfig, local.apiServer.kubeconfig(), { mode: 0o600 })
  return {
    instead: {},
    kubeconfigOf: (token) => local.apiServer.kubeconfig({ token }),
    stop: local.stop,
  }
}

/** Longer than anything here takes. */
const limitSeconds = 100

function shellIn({
  cwd,
  kubeconfig,
  instead,
}: {
  readonly cwd: string
  readonly kubeconfig: string
  readonly instead: Readonly<Record<string, string>>
}): Ground['run'] {
  const other = process.env['HEADGATE_KUBECTL']
  const prelude = [
    'set -eu',
    'shopt -s expand_aliases',
    `headgate() { '${process.execPath}' '${resolve('src/cli/main.ts')}' "$@"; }`,
    ...(other === undefined ? [] : [`kubectl() { '${other}' "$@"; }`]),
  ]
  return (text, seconds = limitSeconds) =>
    new Promise((done, fail) => {
      const script = [...prelude, replaced(text, instead)].join('\n')
      const child = spawn('timeout', [String(seconds), 'bash', '-c', script], {
        cwd,
        env: { ...process.env, KUBECONFIG: kubeconfig, HOME: cwd },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let said = ''
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (part: string) => {
          said += part
        })
      child.on('close', (code) => {
        if (code === 0 || (seconds < limitSeconds && code === 124)) done(said)
        else fail(new Error(`it ended with ${code}:\n${text}\n${said}`))
      })
    })
}

function replaced(text: string, instead: Readonly<Record<string, string>>): string {
  return Object.entries(instead).reduce(
    (before, [name, other]) => before.replaceAll(name, other),
    text,
  )
}

describe.each(Object.entries(walks))('%s', (page, walk) => {
  let ground: Ground
  beforeAll(async () => {
    ground = await openGround(walk)
  })
  afterAll(() => ground?.stop())

  test('each block does what the page says', async () => {
    for (const [index, block] of walk.blocks.entries()) {
      const text = commandsOf(page)[index]?.text ?? ''
      if (block.by !== 'here') continue
      const { before, instead = {}, seconds, says = '' } = block
      await before?.(ground.walking)
      expect(await ground.run(replaced(text, instead), seconds), text).toContain(says)
    }
  }, 240_000)
})
