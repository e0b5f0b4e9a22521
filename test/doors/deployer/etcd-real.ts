/** A real etcd on loopback, with TLS and a password, filled over its own JSON gateway. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { authority } from '#kube/testing/certificates.ts'
import { findBinaries } from '../../../src/cli/local/binaries.ts'
import { freePort } from '../../free-port.ts'

export type RealEtcd = {
  readonly url: string
  readonly caFile: string
  readonly put: (key: string, value: string) => Promise<void>
  /** It takes connections and says nothing, and goes on. */
  readonly pause: () => void
  readonly resume: () => void
  readonly stop: () => Promise<void>
}

export const rootUser = { name: 'root', password: 'root-password-8123' }

export async function realEtcd(): Promise<RealEtcd> {
  const { etcd } = await findBinaries(() => undefined)
  const folder = await mkdtemp(join(tmpdir(), 'headgate-etcd-'))
  const { ca, server } = await authority()
  const { cert, key } = await server('localhost')
  const files = { ca: join(folder, 'ca'), cert: join(folder, 'cert'), key: join(folder, 'key') }
  await Promise.all([
    writeFile(files.ca, ca),
    writeFile(files.cert, cert),
    writeFile(files.key, key, { mode: 0o600 }),
  ])
  const [port, peer] = [await freePort(), await freePort()]
  const child = spawn(
    etcd,
    [
      ...['--data-dir', join(folder, 'data'), '--log-level', 'fatal'],
      ...['--listen-client-urls', `https://127.0.0.1:${port}`],
      ...['--advertise-client-urls', `https://localhost:${port}`],
      ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
      ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`],
      ...['--initial-cluster', `default=http://127.0.0.1:${peer}`],
      ...['--cert-file', files.cert, '--key-file', files.key],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const url = `https://localhost:${port}`
  const agent = new Agent({ connect: { ca } })
  const post = poster(url, agent)
  const stop = async (): Promise<void> => {
    await ended(child)
    await agent.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilReady(post, child)
    await post('/v3/auth/user/add', rootUser)
    await post('/v3/auth/role/add', { name: 'root' })
    await post('/v3/auth/user/grant', { user: 'root', role: 'root' })
    await post('/v3/auth/enable', {})
    const { token } = (await post('/v3/auth/authenticate', rootUser)) as { token: string }
    return {
      url,
      caFile: files.ca,
      put: async (name, value) => {
        await post('/v3/kv/put', { key: base64(name), value: base64(value) }, token)
      },
      pause: () => void child.kill('SIGSTOP'),
      resume: () => void child.kill('SIGCONT'),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

type Post = (path: string, body: unknown, token?: string) => Promise<unknown>

function poster(url: string, dispatcher: Agent): Post {
  return async (path, body, token) => {
    const answer = await request(`${url}${path}`, {
      method: 'POST',
      dispatcher,
      headers: token === undefined ? {} : { authorization: token },
      body: JSON.stringify(body),
    })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${text}`)
    return JSON.parse(text)
  }
}

async function untilReady(post: Post, child: ChildProcess): Promise<void> {
  for (let tries = 0; child.exitCode === null && tries < 400; tries += 1) {
    const isUp = await post('/v3/maintenance/status', {}).then(
      () => true,
      () => false,
    )
    if (isUp) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('etcd did not come up; its lines above say why')
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGCONT')
    child.kill('SIGTERM')
  })
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
