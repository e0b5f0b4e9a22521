import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '#kube/system.ts'
import { virtualClock } from '#kube/virtual-clock.ts'
import { type LogServer, startLogServer } from './log-server.ts'
import { Logs } from './logs.ts'

const time = virtualClock()
const logs = new Logs(time.clock)
let server: LogServer

beforeAll(async () => {
  server = await startLogServer(time.clock, logs)
  const first = logs.begin('default/shop', 'app')
  first.line('of the first run')
  first.end()
  const second = logs.begin('default/shop', 'app')
  for (let line = 1; line <= 3; line += 1) {
    second.line(`line ${line}`)
    await time.advance(10_000)
  }
})
afterAll(() => server.close())

const read = async (query: string, pod = 'shop') => {
  const answer = await fetch(`${server.url}/logs/default/${pod}?${query}`)
  return [answer.status, await answer.text()]
}

const rows = [
  ['the whole log by default', '', 200, 'line 1\nline 2\nline 3\n'],
  ['the last lines', 'tailLines=2', 200, 'line 2\nline 3\n'],
  ['no line', 'tailLines=0', 200, ''],
  ['the run before', 'previous=true', 200, 'of the first run\n'],
  ['the last seconds', 'sinceSeconds=15', 200, 'line 3\n'],
  ['the first bytes', 'limitBytes=4', 200, 'line'],
  ['times', 'timestamps=true&tailLines=1', 200, '2026-01-01T00:00:20.000Z line 3\n'],
  ['no other container', 'container=x', 400, 'container "x" in pod "shop" not found\n'],
] as const

for (const [name, query, status, body] of rows) {
  test(`serves ${name}`, async () => expect(await read(query)).toEqual([status, body]))
}

test('knows no other pod', async () => {
  expect(await read('', 'other')).toEqual([404, 'no logs of pod default/other\n'])
})

test('follows until the run ends', async () => {
  const run = logs.begin('default/live', 'app')
  run.line('before')
  const answer = await fetch(`${server.url}/logs/default/live?follow=true`)
  run.line('after')
  run.end()
  expect(await answer.text()).toBe('before\nafter\n')
})

test('keeps a bounded number of lines', () => {
  const own = new Logs(systemClock())
  const run = own.begin('default/chatty', 'app')
  for (let line = 0; line < 20_000; line += 1) run.line(String(line))
  const kept = own.containers('default/chatty')?.get('app')?.current?.lines ?? []
  expect(kept.length).toBeLessThanOrEqual(5_000)
  expect(kept.at(-1)?.text).toBe('19999')
})
