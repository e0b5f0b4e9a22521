/**
 * Finding the cluster: files merged, contexts chosen, credentials read, and one sentence for each
 * way to get it wrong.
 */
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'vitest'
import { type ConfigOptions, loadConfig } from './config.ts'
import { credentialSource } from './credentials.ts'
import { proxyFromEnvironment } from './proxy-environment.ts'
import { virtualClock } from './virtual-clock.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const pem = '-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n'
const base64 = Buffer.from(pem).toString('base64')

type Part = Readonly<Record<string, unknown>>

/** A kubeconfig with one context `c`; JSON is YAML. */
async function file(
  name: string,
  parts: { cluster?: Part; user?: Part; context?: Part; root?: Part } = {},
): Promise<string> {
  const path = join(folder, name)
  const config = {
    'current-context': 'c',
    clusters: [{ name: 'k', cluster: { server: 'https://api:6443', ...parts.cluster } }],
    users: [{ name: 'u', user: parts.user ?? {} }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', ...parts.context } }],
    ...parts.root,
  }
  await writeFile(path, JSON.stringify(config))
  return path
}

const load = (options: ConfigOptions) =>
  loadConfig({ env: {}, home: folder, serviceAccount: folder, ...options })

test('a context brings server, namespace, authority and where it came from', async () => {
  const path = await file('config', {
    cluster: {
      'certificate-authority-data': base64,
      'tls-server-name': 'api.example',
      'proxy-url': 'socks5://p:1',
    },
    context: { namespace: 'shop' },
  })
  const config = await load({ kubeconfig: path })
  assert.deepEqual(
    [config.server, config.namespace, config.tls.ca, config.tls.serverName, config.proxyUrl],
    ['https://api:6443', 'shop', pem, 'api.example', 'socks5://p:1'],
  )
  assert.equal(config.source, `context c in ${path}`)
  assert.equal((await load({ kubeconfig: path, namespace: 'other' })).namespace, 'other')
})

test('real YAML is read, anchors and all', async () => {
  const path = join(folder, 'yaml')
  await writeFile(
    path,
    'current-context: c\nclusters:\n- name: k\n  cluster: {server: "http://127.0.0.1:8080"}\ncontexts:\n- name: c\n  context:\n    cluster: k\n',
  )
  const config = await load({ kubeconfig: path })
  assert.deepEqual([config.server, config.credentials], ['http://127.0.0.1:8080', { kind: 'none' }])
})

test('KUBECONFIG with several files: of each name the first wins, missing files are skipped', async () => {
  const first = await file('first', { root: { 'current-context': 'd', users: [] } })
  const second = await file('second', {
    cluster: { server: 'https://never' },
    user: { token: 'secret' },
    root: {
      contexts: [{ name: 'd', context: { cluster: 'k', user: 'u' } }],
    },
  })
  const env = { KUBECONFIG: [first, join(folder, 'missing'), second].join(':') }
  const config = await load({ env })
  assert.deepEqual(
    [config.server, config.credentials],
    ['https://api:6443', { kind: 'token', token: 'secret' }],
  )
  assert.equal((await load({ env, context: 'c' })).source, `context c in ${first}`)
})

const users: readonly [string, Part, unknown][] = [
  ['a token', { token: 't' }, { kind: 'token', token: 't' }],
  [
    'a user name and a password',
    { username: 'ann', password: 'p' },
    { kind: 'basic', username: 'ann', password: 'p' },
  ],
  [
    'a token before a user name',
    { token: 't', username: 'ann', password: 'p' },
    { kind: 'token', token: 't' },
  ],
  [
    'a certificate alone',
    { 'client-certificate-data': base64, 'client-key-data': base64 },
    { kind: 'none' },
  ],
]
for (const [what, user, credentials] of users) {
  test(`a user with ${what}`, async () => {
    const config = await load({ kubeconfig: await file('config', { user }) })
    assert.deepEqual(config.credentials, credentials)
  })
}

test('paths in a file begin at its folder', async () => {
  await mkdir(join(folder, 'pki'))
  await writeFile(join(folder, 'pki/ca.pem'), pem)
  await writeFile(join(folder, 'pki/me.pem'), pem)
  const path = await file('config', {
    cluster: { 'certificate-authority': 'pki/ca.pem' },
    user: { 'client-certificate': 'pki/me.pem', 'client-key-data': base64, tokenFile: 'pki/token' },
  })
  const { tls, credentials } = await load({ kubeconfig: path })
  assert.deepEqual([tls.ca, tls.certificate], [pem, { cert: pem, key: pem }])
  assert.deepEqual(credentials, { kind: 'tokenFile', path: join(folder, 'pki/token') })
})

test('a pod finds its service account; the token stays in its file', async () => {
  await writeFile(join(folder, 'token'), 't')
  await writeFile(join(folder, 'ca.crt'), pem)
  await writeFile(join(folder, 'namespace'), 'headgate\n')
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }
  const config = await load({ env })
  assert.deepEqual(
    [config.server, config.namespace, config.inCluster, config.tls.ca, config.credentials],
    [
      'https://[fd00::1]:6443',
      'headgate',
      true,
      pem,
      { kind: 'tokenFile', path: join(folder, 'token') },
    ],
  )
})

test('old settings count only where nothing else exists, and say so', async () => {
  const bare = { server: 'http://127.0.0.1:1', token: 't', namespace: 'n' }
  const config = await load({ bare })
  assert.deepEqual(
    [config.server, config.namespace, config.warnings.length],
    ['http://127.0.0.1:1', 'n', 1],
  )
  await mkdir(join(folder, '.kube'))
  await file('.kube/config')
  assert.equal((await load({ bare })).server, 'https://api:6443')
})

test('an unchecked certificate is accepted with a warning', async () => {
  const path = await file('config', { cluster: { 'insecure-skip-tls-verify': true } })
  const { tls, warnings } = await load({ kubeconfig: path })
  assert.equal(tls.insecure, true)
  assert.match(warnings[0] ?? '', /not checked/)
})

test('impersonation becomes headers', async () => {
  const path = await file('config', { user: { token: 't', as: 'bob', 'as-groups': ['a', 'b'] } })
  const { impersonation } = await load({ kubeconfig: path })
  assert.deepEqual(impersonation, { 'impersonate-user': 'bob', 'impersonate-group': ['a', 'b'] })
})

const wrongs: readonly [string, Parameters<typeof file>[1], ConfigOptions, RegExp][] = [
  ['a context that is not there', {}, { context: 'x' }, /has no context "x"; it has c$/],
  [
    'no current context',
    { root: { 'current-context': '' } },
    {},
    /no current-context; choose one with --context NAME \(c\)/,
  ],
  [
    'a cluster that is not there',
    { context: { cluster: 'x' } },
    {},
    /names the cluster "x", which does not exist; add it under clusters/,
  ],
  [
    'a user that is not there',
    { context: { user: 'x' } },
    {},
    /names the user "x", which does not exist/,
  ],
  [
    'a server that is no URL',
    { cluster: { server: 'api:6443' } },
    {},
    /has the server "api:6443"; write https:\/\/HOST:PORT/,
  ],
  [
    'an authority that is not there',
    { cluster: { 'certificate-authority': 'no.pem' } },
    {},
    /certificate-authority .*points to .*no\.pem, which cannot be read/,
  ],
  [
    'data that is no PEM',
    { cluster: { 'certificate-authority-data': 'aGVsbG8=' } },
    {},
    /is not base64 of PEM text/,
  ],
  [
    'half a client certificate',
    { user: { 'client-certificate-data': base64 } },
    {},
    /only half of a client certificate; add client-key/,
  ],
  [
    'a removed auth provider',
    { user: { 'auth-provider': { name: 'gcp' } } },
    {},
    /auth-provider gcp, which Kubernetes removed/,
  ],
  ['a plugin without command', { user: { exec: { apiVersion: 'x' } } }, {}, /has no command/],
  [
    'a proxy that is none',
    { cluster: { 'proxy-url': 'ftp://x' } },
    {},
    /proxy-url "ftp:\/\/x" .* is not usable/,
  ],
  [
    'lists that are none',
    { root: { clusters: 'x' } },
    {},
    /clusters in the kubeconfig .* is not a list/,
  ],
  ['entries without name', { root: { users: [{}] } }, {}, /an entry of users .* has no name/],
]
for (const [name, parts, options, sentence] of wrongs) {
  test(`${name} is one sentence`, async () => {
    const path = await file('config', parts)
    await assert.rejects(load({ kubeconfig: path, ...options }), (error: Error) => {
      assert.match(error.message, sentence)
      assert.equal(error.name, 'ConfigError')
      assert.doesNotMatch(error.message, /\n/)
      return true
    })
  })
}

test('missing and unreadable files are one sentence', async () => {
  await assert.rejects(load({}), /no cluster is configured: .*--kubeconfig FILE.*headgate local/)
  await assert.rejects(
    load({ kubeconfig: join(folder, 'no') }),
    /the kubeconfig .*no does not exist/,
  )
  await assert.rejects(
    load({ env: { KUBECONFIG: join(folder, 'no') } }),
    /none of the kubeconfig files in KUBECONFIG exists/,
  )
  await assert.rejects(load({ kubeconfig: folder }), /cannot be read/)
  const bad = join(folder, 'bad')
  await writeFile(bad, 'a: [1\nb: }')
  await assert.rejects(load({ kubeconfig: bad }), /is not valid YAML: \S/)
  await writeFile(bad, 'just text')
  await assert.rejects(load({ kubeconfig: bad }), /holds no mapping/)
  await writeFile(bad, '')
  await assert.rejects(load({ kubeconfig: bad }), /has no current-context/)
  await assert.rejects(
    load({ env: { KUBERNETES_SERVICE_HOST: 'x' } }),
    /no service account token .*automountServiceAccountToken/,
  )
})

/** A credential plugin that prints what the shell line prints. */
async function plugin(
  line: string,
  changes: Part = {},
): Promise<ReturnType<typeof credentialSource>> {
  const path = join(folder, 'plugin')
  await writeFile(path, `#!/bin/sh\necho run >> ${folder}/runs\n${line}\n`)
  await chmod(path, 0o755)
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: './plugin',
    args: ['login'],
    env: [{ name: 'TOKEN', value: 'from-env' }],
    ...changes,
  }
  const { credentials } = await load({
    kubeconfig: await file('config', { user: { exec } }),
    env: process.env,
  })
  return credentialSource(credentials, time.clock)
}
let time = virtualClock()
beforeEach(() => {
  time = virtualClock()
})
const credential = (status: string, version = 'v1'): string =>
  `echo "{\\"apiVersion\\":\\"client.authentication.k8s.io/${version}\\",\\"kind\\":\\"ExecCredential\\",\\"status\\":${status}}"`

async function runs(): Promise<number> {
  const { readFile } = await import('node:fs/promises')
  return (await readFile(join(folder, 'runs'), 'utf8')).trim().split('\n').length
}

test('a plugin is run once until what it gave expires, and again after a refusal', async () => {
  const expires = new Date(time.clock.now() + 600_000).toISOString()
  const source = await plugin(
    credential(`{\\"token\\":\\"$TOKEN-$1\\",\\"expirationTimestamp\\":\\"${expires}\\"}`),
  )
  const both = await Promise.all([source.current(), source.current()])
  assert.deepEqual(
    both.map(({ authorization }) => authorization),
    ['Bearer from-env-login', 'Bearer from-env-login'],
  )
  assert.equal(await runs(), 1)
  await time.advance(500_000)
  await source.current()
  assert.equal(await runs(), 1)
  await time.advance(90_000)
  await source.current()
  assert.equal(await runs(), 2)
  assert.equal(source.renew(), true)
  await source.current()
  assert.equal(await runs(), 3)
})

test('a plugin may speak v1beta1, give a certificate, and learn of the cluster', async () => {
  const version = 'client.authentication.k8s.io/v1beta1'
  const line = `echo "$KUBERNETES_EXEC_INFO" > ${folder}/info\n${credential('{\\"clientCertificateData\\":\\"C\\",\\"clientKeyData\\":\\"K\\"}', 'v1beta1')}`
  const source = await plugin(line, { apiVersion: version, provideClusterInfo: true })
  assert.deepEqual((await source.current()).certificate, { cert: 'C', key: 'K' })
  const { readFile } = await import('node:fs/promises')
  const info = JSON.parse(await readFile(join(folder, 'info'), 'utf8'))
  assert.equal(info.spec.cluster.server, 'https://api:6443')
})

const pluginWrongs: readonly [string, string, Part, RegExp][] = [
  [
    'a plugin that is not there',
    '',
    { command: 'headgate-no-such', installHint: 'Get it from the moon.' },
    /headgate-no-such .* was not found\. Get it from the moon\./,
  ],
  ['a plugin that fails', 'echo no login >&2; exit 3', {}, /exited with 3: no login/],
  [
    'a plugin that prints nonsense',
    'echo hello',
    {},
    /printed something that is no ExecCredential/,
  ],
  ['a plugin that gives nothing', credential('{}'), {}, /neither a token nor a client certificate/],
  [
    'a plugin that answers in another version',
    credential('{\\"token\\":\\"t\\"}', 'v1beta1'),
    {},
    /although asked for/,
  ],
  [
    'a plugin of a version long gone',
    '',
    { apiVersion: 'client.authentication.k8s.io/v1alpha1' },
    /set apiVersion to client.authentication.k8s.io\/v1/,
  ],
  ['a plugin that wants a terminal', '', { interactiveMode: 'Always' }, /wants a terminal/],
]
for (const [name, line, changes, sentence] of pluginWrongs) {
  test(`${name} is one sentence`, async () => {
    const source = await plugin(line, changes)
    await assert.rejects(source.current(), sentence)
  })
}

test('a token file is read again after a minute; a good token outlives an unreadable file', async () => {
  const path = join(folder, 'token')
  await writeFile(path, 'one')
  const source = credentialSource({ kind: 'tokenFile', path }, time.clock)
  assert.equal((await source.current()).authorization, 'Bearer one')
  await writeFile(path, 'two')
  assert.equal((await source.current()).authorization, 'Bearer one')
  await time.advance(60_000)
  assert.equal((await source.current()).authorization, 'Bearer two')
  await writeFile(path, '')
  await time.advance(60_000)
  assert.equal((await source.current()).authorization, 'Bearer two')
  const none = credentialSource({ kind: 'tokenFile', path: join(folder, 'no') }, time.clock)
  await assert.rejects(none.current(), /the token file .*no cannot be read or is empty/)
})

const proxies: readonly [string, Record<string, string>, string | undefined][] = [
  ['https://api:6443', { HTTPS_PROXY: 'http://p:1' }, 'http://p:1'],
  ['https://api:6443', { https_proxy: 'p:1' }, 'http://p:1'],
  ['http://api', { HTTPS_PROXY: 'http://p:1' }, undefined],
  ['https://127.0.0.1:6443', { HTTPS_PROXY: 'http://p:1' }, undefined],
  ['https://api.example', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'x,.example' }, undefined],
  ['https://api.example', { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'ample' }, 'http://p:1'],
  ['https://api.example', { HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
]
for (const [url, env, proxy] of proxies) {
  test(`${url} with ${JSON.stringify(env)} goes ${proxy === undefined ? 'directly' : `by ${proxy}`}`, () => {
    assert.equal(proxyFromEnvironment(url, env), proxy)
  })
}
