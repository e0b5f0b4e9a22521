/** The command line as people meet it: wrong words, missing files, servers that are not there. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

type Run = { readonly code: number; readonly out: string; readonly err: string }

function headgate(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['src/cli/main.ts', ...args],
      { timeout: 20_000 },
      (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        resolve({ code, out, err })
      },
    )
  })
}

const folder = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const nobodyThere = join(folder, 'nobody')
writeFileSync(
  nobodyThere,
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:9' } }],
    users: [{ name: 'a', user: { token: 'secret-token' } }],
  }),
)

const rows: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  [
    'a command that does not exist',
    ['frobnicate'],
    2,
    /unknown command 'frobnicate'\n\(headgate --help lists/,
  ],
  [
    'a flag that does not exist',
    ['local', '--colour'],
    2,
    /unknown option '--colour'\n\(headgate local --help says how it is used\)/,
  ],
  ['flags without a command', ['-n', 'shop'], 2, /^Usage: headgate/],
  [
    'a name that is missing',
    ['promote'],
    2,
    /missing required argument 'names'\n\(headgate promote --help says how it is used\)/,
  ],
  [
    'what is missing of a command of two words',
    ['set', 'image'],
    2,
    /\(headgate set image --help says how it is used\)/,
  ],
  [
    'a port that is none',
    ['local', '--gateway-port', 'abc'],
    2,
    /--gateway-port abc is no port; write a number from 0 to 65535/,
  ],
  ['a door that is unknown', ['controller', '--doors', 'x'], 2, /--doors x is unknown; write some/],
  ['a speed that makes no sense', ['local', '--speed', '0'], 2, /--speed 0 makes no sense/],
  [
    'an output that is unknown',
    ['local', '--output', 'xml'],
    2,
    /--output xml is unknown; write json/,
  ],
  [
    'a log level that is unknown',
    ['controller', '--log-level', 'loud'],
    2,
    /--log-level loud is unknown/,
  ],
  [
    'events for an address that may not be asked',
    ['controller', '--kubeconfig', nobodyThere, '--events-url', 'http://127.0.0.1:1/'],
    2,
    /--events-url: .*127\.0\.0\.1/,
  ],
  [
    'a size that is none',
    ['controller', '--kubeconfig', nobodyThere, '--events-file-size', 'big'],
    2,
    /--events-file-size big is no size; write one like 500Ki or 10Mi/,
  ],
  [
    'a token for nobody',
    ['controller', '--kubeconfig', nobodyThere, '--events-token-file', 'token'],
    2,
    /--events-token-file says nothing without --events-url/,
  ],
  [
    'a sign-in that is unknown',
    ['controller', '--dashboard-auth', 'basic'],
    2,
    /--dashboard-auth basic is unknown; write token, oidc or none/,
  ],
  [
    'an issuer without our id there',
    ['controller', '--dashboard-auth', 'oidc', '--dashboard-oidc-issuer', 'https://a.example'],
    2,
    /needs --dashboard-oidc-issuer and --dashboard-oidc-client-id/,
  ],
  [
    'tokens for whomever',
    ['controller', '--dashboard-audience', ''],
    2,
    /--dashboard-audience is empty; name an audience/,
  ],
  [
    'a dashboard without sign-in that others could reach',
    ['dashboard', '--kubeconfig', nobodyThere, '--address', '0.0.0.0:8000'],
    2,
    /--address 0\.0\.0\.0:8000 is open to others, and nobody signs in here/,
  ],
  ['a kubeconfig that is missing', ['controller', '--kubeconfig', join(folder, 'none')], 1, /none/],
  [
    'a server that is not there',
    ['controller', '--kubeconfig', nobodyThere, '--log-level', 'error'],
    1,
    /127\.0\.0\.1:9/,
  ],
]

for (const [name, args, code, sentence] of rows) {
  test(`${name} is one sentence and exit code ${code}`, async () => {
    const run = await headgate(...args)
    expect(run.err).toMatch(sentence)
    expect(run.code).toBe(code)
    expect(run.out).toBe('')
    expect(run.err).not.toMatch(/\n\s+at |secret-token/)
  })
}

test('a port that somebody has is told with the option that names another one', async () => {
  const { createServer } = await import('node:net')
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { readonly port: number }
  const address = `127.0.0.1:${port}`
  const run = await headgate('dashboard', '--kubeconfig', nobodyThere, '--address', address)
  taken.close()
  expect([run.code, run.err]).toEqual([
    1,
    `headgate: cannot listen on ${address}: something else listens there; name another address by --address, such as 127.0.0.1:${port + 1}\n`,
  ])
})

test('help lists the commands', async () => {
  const { code, out } = await headgate('--help')
  expect(code).toBe(0)
  for (const command of ['local', 'controller', 'demo']) expect(out).toContain(command)
})

test('headgate local writes a private kubeconfig, prints one line of addresses, and ends cleanly on SIGTERM', async () => {
  const { spawn } = await import('node:child_process')
  const { statSync } = await import('node:fs')
  const kubeconfig = join(folder, 'kubeconfig')
  const args = [
    'src/cli/main.ts',
    'local',
    '--output',
    'json',
    '--kubeconfig',
    kubeconfig,
    '--gateway-port',
    '0',
    '--health-port',
    '0',
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  await new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (out.includes('\n')) resolve()
    })
  })
  const addresses = JSON.parse(out) as Record<string, string>
  for (const name of ['apiServer', 'gateway', 'prometheus', 'health', 'dashboard']) {
    expect(addresses[name]).toMatch(/^https?:\/\/127\.0\.0\.1:\d+$/)
  }
  expect(statSync(kubeconfig).mode & 0o777).toBe(0o600)
  expect((await fetch(`${addresses['health']}/readyz`)).status).toBe(200)
  // The dashboard and the deployer answer at one address, each by its own paths.
  expect(addresses['dashboard']).toBe(addresses['deployer'])
  const releases = await fetch(`${addresses['dashboard']}/api/v1/releases`)
  expect(await releases.json()).toEqual([])
  const descriptors = await fetch(`${addresses['deployer']}/descriptors/?namespace=default`)
  expect(await descriptors.json()).toEqual([])
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  await expect(fetch(`${addresses['health']}/healthz`)).rejects.toThrow()
  expect(out.trim().split('\n')).toHaveLength(1)
})
