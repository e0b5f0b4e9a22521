/** The parts that every listener of a door is made of, over real sockets and a real API server. */
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { virtualClock } from '#kube/virtual-clock.ts'
import { BodyTooLarge, readBody } from './body.ts'
import { type Listening, listen } from './listen.ts'
import { hostileBecause, isLoopback } from './loopback.ts'
import { secretSignIn } from './sign-in.ts'

const ports = systemPorts()
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

type Serve = Parameters<typeof createServer>[1]

async function serve(handler: Serve): Promise<Listening> {
  const listening = await listen(createServer(handler), { host: '127.0.0.1', port: 0 }, ports.clock)
  ends.push(listening.stop)
  return listening
}

function post(port: number, body: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ port, method: 'POST', headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    asked.once('error', reject)
    asked.end(body)
  })
}

describe('a listener', () => {
  test('lets a request under way finish when it is stopped', async () => {
    let finish = (): void => {}
    const asked = Promise.withResolvers<void>()
    const { port, stop } = await serve((_, response) => {
      finish = () => response.end('done')
      asked.resolve()
    })
    const answer = fetch(`http://127.0.0.1:${port}`)
    await asked.promise
    const stopped = stop()
    finish()
    expect(await (await answer).text()).toBe('done')
    await stopped
  })

  test('waits for nobody longer than two seconds', async () => {
    const time = virtualClock()
    const server = createServer(() => {})
    const { port, stop } = await listen(server, { host: '127.0.0.1', port: 0 }, time.clock)
    const socket = connect(port, '127.0.0.1')
    const cut = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    await new Promise<void>((resolve) => server.once('request', () => resolve()))
    const stopped = stop()
    await time.advance(1999)
    expect(socket.destroyed).toBe(false)
    await time.advance(1)
    await Promise.all([stopped, cut])
  })

  test('says which address it cannot have', async () => {
    const { port } = await serve(() => {})
    const again = listen(createServer(), { host: '127.0.0.1', port }, ports.clock)
    await expect(again).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`)
  })

  test('takes any other port where that will do, each its own however many come at once', async () => {
    const { port } = await serve(() => {})
    const wanted = { host: '127.0.0.1', port, orAny: true }
    const all = await Promise.all([1, 2, 3].map(() => listen(createServer(), wanted, ports.clock)))
    expect(new Set([port, ...all.map((one) => one.port)]).size).toBe(4)
    await Promise.all(all.map(({ stop }) => stop()))
  })
})

describe('a body', () => {
  const limited: Serve = (request, response) => {
    readBody(request, 10).then(
      (body) => response.writeHead(200).end(body),
      (error: unknown) =>
        response
          .writeHead(error instanceof BodyTooLarge ? 413 : 400, { connection: 'close' })
          .end(String(error)),
    )
  }
  const rows: readonly [string, string, Record<string, string>, number][] = [
    ['as long as the limit is taken', '0123456789', {}, 200],
    ['longer by its declared length is refused', '0123456789a', { 'content-length': '11' }, 413],
    [
      'longer without a declared length is refused',
      'a'.repeat(100),
      { 'transfer-encoding': 'chunked' },
      413,
    ],
  ]
  for (const [name, body, headers, status] of rows) {
    test(name, async () => {
      const { port } = await serve(limited)
      expect(await post(port, body, headers)).toBe(status)
    })
  }

  test('that breaks off is an error, and the listener lives', async () => {
    const seen = Promise.withResolvers<string>()
    const { port } = await serve((request, response) => {
      readBody(request, 10).then(
        () => response.end(),
        (error: unknown) => {
          seen.resolve(String(error))
          response.end()
        },
      )
    })
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nab', () =>
      socket.destroy(),
    )
    expect(await seen.promise).toMatch(/before the body was complete|aborted/)
    expect(await post(port, 'ab')).toBe(200)
  })
})

describe('an open listener on loopback', () => {
  const json = { 'content-type': 'application/json; charset=utf-8', 'content-length': '2' }
  const rows: readonly [string, IncomingHttpHeaders, RegExp | undefined][] = [
    ['curl with JSON is served', { host: '127.0.0.1:8090', ...json }, undefined],
    ['localhost and ::1 are its names', { host: '[::1]:8090' }, undefined],
    ['its own page is served', { host: 'localhost:8', origin: 'http://localhost:8' }, undefined],
    ['no Host is refused', {}, /no name of it/],
    ['a name that leads here is refused', { host: 'evil.example.com:8090' }, /no name of it/],
    ['a name like ours is refused', { host: '127.0.0.1.evil.example.com' }, /no name of it/],
    [
      'another page is refused',
      { host: 'localhost:8', origin: 'http://evil.example.com' },
      /web pages/,
    ],
    ['a page without a name is refused', { host: 'localhost:8', origin: 'null' }, /web pages/],
    [
      'another port of ours is refused',
      { host: 'localhost:8', origin: 'http://localhost:9' },
      /web/,
    ],
    ['an image tag is refused', { host: 'localhost:8', 'sec-fetch-site': 'cross-site' }, /web/],
    [
      'a form is refused',
      { host: 'localhost:8', 'content-type': 'text/plain', 'content-length': '2' },
      /application\/json/,
    ],
  ]
  for (const [name, headers, why] of rows) {
    test(name, () => {
      const found = hostileBecause({ headers })
      if (why === undefined) expect(found).toBeUndefined()
      else expect(found).toMatch(why)
    })
  }

  test('loopback is told by address', () => {
    expect(['127.0.0.1', '127.8.8.8:80', 'localhost', '[::1]:80'].map(isLoopback)).not.toContain(
      false,
    )
    expect(['0.0.0.0', '10.0.0.1', 'a@localhost', 'localhost/x', ''].map(isLoopback)).not.toContain(
      true,
    )
  })
})

describe('a shared secret', () => {
  const signIn = secretSignIn(() => ['new-secret', 'old-secret', ''])
  const rows: readonly [string, string | undefined, boolean][] = [
    ['the new one lets in', 'Bearer new-secret', true],
    ['so does the old one, while both are known', 'bearer old-secret', true],
    ['another one does not', 'Bearer wrong', false],
    ['a part of one does not', 'Bearer new-secre', false],
    ['nothing does not', 'Bearer ', false],
    ['another scheme does not', 'Basic new-secret', false],
    ['no header does not', undefined, false],
  ]
  for (const [name, authorization, isIn] of rows) {
    test(name, async () => {
      const headers = authorization === undefined ? {} : { authorization }
      expect((await signIn(headers)) !== undefined).toBe(isIn)
    })
  }

  test('may travel in a header of its own', async () => {
    const own = secretSignIn(() => ['abc'], 'X-Hook')
    expect(await own({ 'x-hook': 'abc' })).toMatchObject({ name: 'shared-secret' })
    expect(await own({ authorization: 'Bearer abc' })).toBeUndefined()
  })

  test('without any secret nobody is let in', async () => {
    expect(await secretSignIn(() => [])({ authorization: 'Bearer x' })).toBeUndefined()
  })
})
