/** Probes in virtual time: when they are asked, and after how many answers they have a verdict. */

import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { expect, test } from 'vitest'
import { systemPorts } from '#kube/system.ts'
import { virtualClock } from '#kube/virtual-clock.ts'
import type { Container, Probe } from '../controllers/shapes.ts'
import { probeOver } from './probe-request.ts'
import { probeRequest, startProber } from './prober.ts'

/** Answers by `+` and `-`; then the seconds at which each probe was asked, and each verdict with its second. */
async function story(probe: Probe, answers: string): Promise<{ asked: number[]; said: string[] }> {
  const time = virtualClock()
  const asked: number[] = []
  const said: string[] = []
  const second = (): number => time.clock.monotonic() / 1000
  const stop = startProber({
    clock: time.clock,
    probe,
    execute: async () => {
      const ok = answers[asked.length] === '+'
      asked.push(second())
      if (asked.length === answers.length) queueMicrotask(() => stop())
      return ok ? { ok } : { ok, message: 'no' }
    },
    verdict: (ok) => said.push(`${ok ? '+' : '-'}${second()}`),
    failed: () => undefined,
  })
  await time.advance(100_000)
  stop()
  return { asked, said }
}

const rows: readonly (readonly [
  name: string,
  probe: Probe,
  answers: string,
  asked: number[],
  said: string[],
])[] = [
  ['at once and every ten seconds', {}, '+++ ', [0, 10, 20, 30], ['+0', '+10', '+20']],
  [
    'after the initial delay',
    { initialDelaySeconds: 7, periodSeconds: 2 },
    '++ ',
    [7, 9, 11],
    ['+7', '+9'],
  ],
  ['three failures by default', { periodSeconds: 1 }, '----+', [0, 1, 2, 3, 4], ['-2', '-3']],
  [
    'as many failures as are asked for',
    { periodSeconds: 1, failureThreshold: 2 },
    '-+--+',
    [0, 1, 2, 3, 4],
    ['+1', '-3'],
  ],
  [
    'as many successes as are asked for',
    { periodSeconds: 1, successThreshold: 3 },
    '++-+++ ',
    [0, 1, 2, 3, 4, 5, 6],
    ['+5'],
  ],
]

for (const [name, probe, answers, asked, said] of rows) {
  test(`a verdict: ${name}`, async () => {
    expect(await story(probe, answers)).toEqual({ asked, said })
  })
}

const container: Container = {
  name: 'app',
  image: 'shop:v1',
  ports: [{ name: 'web', containerPort: 8080 }],
}

const requests: readonly (readonly [name: string, probe: Probe, asked: unknown])[] = [
  [
    'HTTP at a named port, with headers and time-out',
    {
      httpGet: { path: 'ok', port: 'web', httpHeaders: [{ name: 'X-A', value: 'b' }] },
      timeoutSeconds: 3,
    },
    { kind: 'http', port: 8080, path: '/ok', headers: { 'x-a': 'b' }, timeoutMs: 3_000 },
  ],
  [
    'HTTP at the root by default',
    { httpGet: { port: 81 } },
    { kind: 'http', port: 81, path: '/', headers: {}, timeoutMs: 1_000 },
  ],
  [
    'TCP at a named port',
    { tcpSocket: { port: 'web' } },
    { kind: 'tcp', port: 8080, timeoutMs: 1_000 },
  ],
  ['nothing for a command', {}, undefined],
]

for (const [name, probe, asked] of requests) {
  test(`asks ${name}`, () => expect(probeRequest(probe, container)).toEqual(asked))
}

function listen(answer: (server: Server) => void): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.on('error', () => undefined)).listen(
      0,
      '127.0.0.1',
      () => {
        answer(server)
        resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`)
      },
    )
  })
}

test('who does not listen, or listens and is silent, has failed in the words of a kubelet', async () => {
  const { clock } = systemPorts()
  let silent: Server | undefined
  const address = await listen((server) => {
    silent = server
  })
  expect(await probeOver(clock, address, { kind: 'tcp', port: 80, timeoutMs: 1_000 })).toEqual({
    ok: true,
  })
  const get = { kind: 'http', port: 80, path: '/x', headers: {}, timeoutMs: 50 } as const
  expect(await probeOver(clock, address, get)).toEqual({
    ok: false,
    message:
      'Get "http://127.0.0.1:80/x": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
  })
  silent?.close()
  const refused = await probeOver(clock, '127.0.0.1:1', { kind: 'tcp', port: 80, timeoutMs: 1_000 })
  expect(refused).toMatchObject({
    ok: false,
    message: expect.stringMatching(/^dial tcp 127.0.0.1:80: .*ECONNREFUSED/),
  })
})
