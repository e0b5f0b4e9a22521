/** Who is let in: tokens of every kind, the attacks on them, and faces that nobody guards. */
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routes } from '#doors/deployer/http/routes.ts'
import { keysIn, secretKey } from '#http/jwt/keys.ts'
import { remoteKeys } from '#http/jwt/remote-keys.ts'
import { type Key, readToken } from '#http/jwt/token.ts'
import { listen } from '#http/listen.ts'
import { systemPorts } from '#kube/system.ts'
import { virtualClock } from '#kube/virtual-clock.ts'
import { Client } from './client.ts'
import { type Desk, openDesk } from './desk.ts'
import { followSocket } from './follow.ts'
import {
  confused,
  encoded,
  goodClaims,
  type Signer,
  secret,
  shared,
  signers,
  token,
} from './tokens.ts'

let folder: string
const rsa = signers.RS256()
const other = signers.RS256()
const ec = signers.ES256()
const ed = signers.EdDSA()
const keyFile = (): string => join(folder, 'keys.pem')
const now = (): number => Math.floor(Date.now() / 1000)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-jwt-'))
  await writeFile(keyFile(), [rsa, ec, ed].map(({ pem }) => pem).join('\n'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const ask = async (desk: Desk, given: string | undefined, namespace = 'default') => {
  const headers = given === undefined ? {} : { authorization: `Bearer ${given}` }
  const client = new Client(desk.url, namespace, headers)
  return client.ask('GET', `/descriptors/?namespace=${namespace}`)
}

describe('with keys in a file', () => {
  let desk: Desk
  beforeAll(async () => {
    desk = await openDesk({
      deployerAuth: 'jwt',
      deployerJwtKeys: keyFile(),
      deployerJwtIssuer: 'https://issuer',
      deployerJwtAudience: 'deployer',
    })
  })
  afterAll(async () => {
    await desk?.stop()
  })

  for (const [name, by] of [
    ['RS256', rsa],
    ['ES256', ec],
    ['EdDSA', ed],
  ] as const) {
    test(`${name} lets in`, async () => {
      expect((await ask(desk, token(by))).status).toBe(200)
    })
  }

  const attacks: readonly [string, () => string | undefined][] = [
    ['no token', () => undefined],
    ['garbage', () => 'garbage'],
    ['three parts of garbage', () => 'a.b.c'],
    ['alg none without a signature', () => `${encoded({ alg: 'none' })}.${encoded(goodClaims())}.`],
    ['alg None', () => `${encoded({ alg: 'None' })}.${encoded(goodClaims())}.AA`],
    ['no alg at all', () => `${encoded({})}.${encoded(goodClaims())}.AA`],
    ['HS256 with the public key as its secret (key confusion)', () => confused(rsa.pem)],
    ['RS256 under the name of ES256', () => token({ ...rsa, algorithm: 'ES256' })],
    ['the key of somebody else', () => token(other)],
    ['a kid that is a path', () => token(other, goodClaims(), { kid: '../../../../dev/null' })],
    ['a kid that is no text', () => token(rsa, goodClaims(), { kid: { a: 1 } })],
    ['a key that it brings itself', () => token(other, goodClaims(), { jwk: other.jwk('x') })],
    ['an address of keys of its own', () => token(other, goodClaims(), { jku: 'http://evil' })],
    ['a critical header', () => token(rsa, goodClaims(), { crit: ['b64'], b64: false })],
    ['expired', () => token(rsa, { ...goodClaims(), exp: now() - 61 })],
    ['never expiring', () => token(rsa, { ...goodClaims(), exp: undefined })],
    ['an expiry that is a text', () => token(rsa, { ...goodClaims(), exp: '9999999999' })],
    ['not valid yet', () => token(rsa, { ...goodClaims(), nbf: now() + 120 })],
    ['another audience', () => token(rsa, { ...goodClaims(), aud: 'others' })],
    ['no audience', () => token(rsa, { ...goodClaims(), aud: undefined })],
    ['another issuer', () => token(rsa, { ...goodClaims(), iss: 'https://evil' })],
    ['an empty subject', () => token(rsa, { ...goodClaims(), sub: '' })],
    ['claims that are a list', () => token(rsa, [] as unknown as Record<string, unknown>)],
    ['claims changed after signing', () => changed(token(rsa))],
    ['more than eight kilobytes', () => token(rsa, { ...goodClaims(), pad: 'a'.repeat(9000) })],
  ]
  for (const [name, make] of attacks) {
    test(`${name} is 401`, async () => {
      const { status, headers } = await ask(desk, make())
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer'])
    })
  }

  test('a header of ten megabytes is cut off, and the door lives', async () => {
    const answer = await huge(desk.face.port)
    expect(answer).toMatch(/^HTTP\/1\.1 431|^$/)
    expect((await ask(desk, token(rsa))).status).toBe(200)
  })

  test('namespaces that the claim does not list are 403, also in other shapes than a list', async () => {
    const other = await ask(desk, token(rsa), 'elsewhere')
    expect(other).toMatchObject({ status: 403, body: 'no access to namespace elsewhere\n' })
    for (const namespaces of [undefined, 'default', { default: true }, [['default']], null])
      expect((await ask(desk, token(rsa, { ...goodClaims(), namespaces }))).status).toBe(403)
  })

  test('an admin may everything, and only a plain true makes one', async () => {
    const claims = (admin: unknown) => ({ ...goodClaims(), namespaces: [], admin })
    expect((await ask(desk, token(rsa, claims(true)), 'anywhere')).status).toBe(200)
    for (const admin of ['true', 1, {}, [true]])
      expect((await ask(desk, token(rsa, claims(admin)), 'anywhere')).status).toBe(403)
  })

  test('every route asks who it is, and whether they may', async () => {
    const answers = await Promise.all(
      routes.map(async ({ method, url }) => {
        const path = `${url.replace(':id', 'x')}?namespace=elsewhere`
        const nobody = await new Client(desk.url).ask(method as 'GET', path)
        const somebody = new Client(desk.url, 'x', { authorization: `Bearer ${token(rsa)}` })
        return [nobody.status, (await somebody.ask(method as 'GET', path)).status]
      }),
    )
    expect(answers).toEqual(routes.map(() => [401, 403]))
  })

  test('a WebSocket without token is refused, and a browser brings it as a subprotocol', async () => {
    const stream = `${desk.url}/stream/deployments/x/logs?namespace=default`
    await expect(followSocket(stream)).rejects.toThrow('401')
    await expect(followSocket(`${stream}&token=${token(rsa)}`)).rejects.toThrow('401')
    await expect(
      followSocket(stream.replace('default', 'other'), { protocols: ['bearer', token(rsa)] }),
    ).rejects.toThrow('403')
    const found = await followSocket(stream, { protocols: ['bearer', token(rsa)] })
    expect(found.frames).toEqual(['!!error deployment x was not found'])
  })

  test('a file with other keys counts from the next request on; a broken one leaves the old in force', async () => {
    const later = signers.ES256()
    await writeFile(keyFile(), [rsa.pem, later.pem].join('\n'))
    await utimes(keyFile(), new Date(), new Date(Date.now() + 2000))
    expect((await ask(desk, token(later))).status).toBe(200)
    expect((await ask(desk, token(ed))).status).toBe(401)
    await writeFile(keyFile(), 'nothing')
    await utimes(keyFile(), new Date(), new Date(Date.now() + 4000))
    expect((await ask(desk, token(later))).status).toBe(200)
  })
})

describe('with a shared secret', () => {
  test('HS256 lets in, and another secret does not', async () => {
    const path = join(folder, 'secret')
    await writeFile(path, `${secret}\n`)
    const desk = await openDesk({ deployerAuth: 'jwt', deployerJwtSecretFile: path })
    try {
      expect((await ask(desk, token(shared))).status).toBe(200)
      expect((await ask(desk, confused('another secret of at least 32 bytes'))).status).toBe(401)
      expect((await ask(desk, token(rsa))).status).toBe(401)
    } finally {
      await desk.stop()
    }
  })

  test('a short one is refused at start', async () => {
    const path = join(folder, 'short')
    await writeFile(path, 'short')
    await expect(openDesk({ deployerAuth: 'jwt', deployerJwtSecretFile: path })).rejects.toThrow(
      'too short for HS256',
    )
  })
})

describe('with an address of keys', () => {
  const { clock } = systemPorts()
  const provider = async (answer: () => string) => {
    let asked = 0
    const server = createServer((_request, response) => {
      asked += 1
      const body = answer()
      if (body === 'broken') return void response.writeHead(500).end()
      if (body !== 'endless') return void response.end(body)
      const chunk = Buffer.alloc(65_536, ' ')
      const more = (): void => {
        while (response.write(chunk));
        response.once('drain', more)
      }
      more()
    })
    const listening = await listen(server, { host: '127.0.0.1', port: 0 }, clock)
    return { ...listening, url: `http://127.0.0.1:${listening.port}/jwks`, asked: () => asked }
  }
  const set = (...keys: readonly [string, Signer][]): string =>
    JSON.stringify({ keys: keys.map(([kid, by]) => by.jwk(kid)) })

  test('a new key is found when a token names it, and made-up names do not make us ask again', async () => {
    let body = set(['a', rsa])
    const keys = await provider(() => body)
    const time = virtualClock()
    const source = await remoteKeys(keys.url, {
      option: '--keys',
      ca: undefined,
      clock: time.clock,
    })
    try {
      const names = async (known: Promise<readonly Key[]>) => (await known).map(({ kid }) => kid)
      expect(await names(source.now())).toEqual(['a'])
      body = set(['b', ec])
      for (let times = 0; times < 20; times += 1) expect(await names(source.again())).toEqual(['a'])
      expect(keys.asked()).toBe(1)
      await time.advance(10_000)
      expect(await names(source.again())).toEqual(['b'])
      expect(keys.asked()).toBe(2)
      body = set(['c', ed])
      await time.advance(300_000)
      expect(await names(source.now())).toEqual(['c'])
    } finally {
      await keys.stop()
    }
  })

  test('a token is let in by a key of it', async () => {
    const keys = await provider(() => set(['a', rsa]))
    const desk = await openDesk({ deployerAuth: 'jwt', deployerJwtJwks: keys.url })
    try {
      expect((await ask(desk, token(rsa, goodClaims(), { kid: 'a' }))).status).toBe(200)
      expect((await ask(desk, token(rsa, goodClaims(), { kid: 'b' }))).status).toBe(401)
    } finally {
      await desk.stop()
      await keys.stop()
    }
  })

  for (const [name, answer] of [
    ['that never ends', 'endless'],
    ['that is an error', 'broken'],
    ['that is no set', '[]'],
  ] as const) {
    test(`an answer ${name} lets nobody in and is 503`, async () => {
      const keys = await provider(() => answer)
      const desk = await openDesk({ deployerAuth: 'jwt', deployerJwtJwks: keys.url })
      try {
        expect((await ask(desk, token(rsa))).status).toBe(503)
      } finally {
        await desk.stop()
        await keys.stop()
      }
    })
  }

  test('an address without TLS is refused at start', async () => {
    const options = { deployerAuth: 'jwt', deployerJwtJwks: 'http://issuer.example.com/jwks' }
    await expect(openDesk(options)).rejects.toThrow('must be an https address')
  })
})

describe('with users of the cluster', () => {
  let desk: Desk
  beforeAll(async () => {
    desk = await openDesk({ deployerAuth: 'kubernetes', deployerJwtAudience: 'deployer' })
    const post = (path: string, body: unknown) =>
      desk.cluster.raw({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const api = 'rbac.authorization.k8s.io'
    const namespaced = `/apis/${api}/v1/namespaces/default`
    await post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'robot' } })
    const rules = [
      { apiGroups: ['deployer.headgate.dev'], resources: ['descriptors'], verbs: ['list'] },
    ]
    await post(`${namespaced}/roles`, { metadata: { name: 'lists' }, rules })
    await post(`${namespaced}/rolebindings`, {
      metadata: { name: 'lists' },
      roleRef: { apiGroup: api, kind: 'Role', name: 'lists' },
      subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'default' }],
    })
  })
  afterAll(async () => {
    await desk?.stop()
  })
  const tokenFor = async (audience: string): Promise<string> => {
    const { body } = await desk.cluster.raw({
      method: 'POST',
      path: '/api/v1/namespaces/default/serviceaccounts/robot/token',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ spec: { audiences: [audience] } }),
    })
    return (JSON.parse(body) as { status: { token: string } }).status.token
  }

  test('a token of our audience may what its roles allow, and nothing else', async () => {
    const own = await tokenFor('deployer')
    expect((await ask(desk, own)).status).toBe(200)
    expect((await ask(desk, own, 'elsewhere')).status).toBe(403)
    const client = new Client(desk.url, 'default', { authorization: `Bearer ${own}` })
    expect((await client.ask('POST', '/descriptors/?namespace=default', {})).status).toBe(403)
  })

  test('a token for others, a JWT of somebody else, and none are 401', async () => {
    for (const given of [await tokenFor('others'), token(rsa), undefined])
      expect((await ask(desk, given)).status).toBe(401)
  })
})

describe('without any word on it', () => {
  let desk: Desk
  beforeAll(async () => {
    desk = await openDesk({})
  })
  afterAll(async () => {
    await desk?.stop()
  })
  const body = { 'content-type': 'application/json' }
  const rows: readonly [string, Record<string, string>, number][] = [
    ['curl on this machine is served', {}, 200],
    ['a page of another place is not', { origin: 'http://evil.example.com' }, 403],
    ['a name that leads here is not', { host: 'evil.example.com' }, 403],
  ]
  for (const [name, headers, status] of rows) {
    test(name, async () => {
      const client = new Client(desk.url, 'default', headers)
      expect((await client.ask('GET', '/descriptors/?namespace=default')).status).toBe(status)
    })
  }
  test('a form is not taken for JSON', async () => {
    const client = new Client(desk.url)
    const path = '/descriptors/?namespace=default'
    expect((await client.ask('POST', path, '{}')).status).toBe(403)
    expect((await client.ask('POST', path, '{}', body)).status).toBe(400)
  })
})

test('without authentication it does not listen for others', async () => {
  const { accessOf } = await import('#doors/deployer/http/access.ts')
  const ground = { options: {}, address: { host: '0.0.0.0', port: 8000 } }
  await expect(accessOf(ground as never)).rejects.toThrow(
    '--deployer-address 0.0.0.0 is open to others',
  )
})

test('mutated tokens are refused, ten thousand of them, and none throws', () => {
  const keys = [
    ...keysIn([rsa.pem, ec.pem, ed.pem].join('\n'), 'the test'),
    secretKey(secret, 'the test'),
  ]
  const good = [token(ed), token(shared), token(ec)]
  const expected = { issuer: 'https://issuer', audience: 'deployer', now: now() }
  for (const one of good) expect(readToken(one, keys, expected).kind).toBe('claims')
  fc.assert(
    fc.property(
      fc.constantFrom(...good),
      fc.nat(600),
      fc.constantFrom(...'ABCDEFabcdef0123456789-_.= {}"'.split('')),
      fc.nat(2),
      (given, at, letter, cut) => {
        const place = at % given.length
        const mutant = `${given.slice(0, place)}${letter}${given.slice(place + cut)}`
        const sameBytes =
          mutant.split('.').length === 3 &&
          mutant.split('.').every((part, index) => {
            const original = given.split('.')[index] ?? ''
            return Buffer.from(part, 'base64url').equals(Buffer.from(original, 'base64url'))
          }) &&
          mutant.split('.').slice(0, 2).join('.') === given.split('.').slice(0, 2).join('.')
        if (mutant === given || sameBytes) return
        expect(readToken(mutant, keys, expected).kind).not.toBe('claims')
      },
    ),
    { numRuns: 10_000 },
  )
})

function changed(given: string): string {
  const [head = '', , signature = ''] = given.split('.')
  return `${head}.${encoded({ ...goodClaims(), admin: true })}.${signature}`
}

function huge(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    socket.write(
      'GET /descriptors/?namespace=default HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ',
    )
    socket.write('a'.repeat(10 * 1024 * 1024), () => socket.end('\r\n\r\n'))
  })
}
