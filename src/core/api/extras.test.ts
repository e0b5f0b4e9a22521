/** Extras of a Release: what is read, what is refused, and how what the router cannot do is told once. */
import { describe, expect, test } from 'vitest'
import { release } from '#test/gen/release.ts'
import { actionsTold, installed, settle } from '#test/gen/story.ts'
import type { ReleaseExtras } from './extras.ts'
import { readRelease } from './read.ts'

const asked = (extras: ReleaseExtras) => release({ traffic: { route: 'shop', extras } })

test('AD08: extras are read as they are written, the timeout in seconds', () => {
  const extras: ReleaseExtras = {
    redirect: { from: 'www.example.com', to: 'example.com' },
    responseHeaders: { 'x-a': 'b' },
    compression: true,
    tls: { hosts: ['example.com'], secret: 'cert' },
    sticky: { cookie: 'seat' },
    timeout: '1m30s',
  }
  const read = readRelease(asked(extras))
  const { timeout: _text, ...same } = extras
  expect(read.kind === 'app' ? read.app.traffic.extras : read).toEqual({
    ...same,
    timeoutSeconds: 90,
  })
})

const rows: readonly (readonly [string, ReleaseExtras, path: string, words: string])[] = [
  [
    'a redirect to itself',
    { redirect: { from: 'a.example', to: 'a.example' } },
    'redirect',
    'two different hosts',
  ],
  ['half a second', { timeout: '500ms' }, 'timeout', 'must be whole seconds, at least 1s'],
  ['a second and a half', { timeout: '1500ms' }, 'timeout', 'must be whole seconds'],
  ['no time at all', { timeout: 'soon' }, 'timeout', 'soon'],
  [
    'a header that is none',
    { responseHeaders: { 'x a': 'b' } },
    'responseHeaders',
    'is no name of a header',
  ],
  [
    'a value that would end its header',
    { responseHeaders: { 'x-a': 'b\r\nset-cookie: c' } },
    'responseHeaders',
    'the value of x-a has characters that no header may have',
  ],
  ['a cookie with a blank', { sticky: { cookie: 'a b' } }, 'sticky.cookie', ''],
  [
    'a host with a path',
    { redirect: { from: 'a.example/b', to: 'a.example' } },
    'redirect.from',
    '',
  ],
]

test.each(rows)('%s is refused', (_what, extras, path, words) => {
  const read = readRelease(asked(extras))
  expect(read.kind).toBe('problems')
  const [problem] = read.kind === 'problems' ? read.problems : []
  expect(problem?.path).toBe(`spec.traffic.extras.${path}`)
  expect(problem?.message).toContain(words)
})

describe('AD08: what the router cannot do', () => {
  const extras: ReleaseExtras = { compression: true, tls: { hosts: ['a.example'], secret: 's' } }
  const conditionOf = (world: ReturnType<typeof installed>) =>
    world.release.status?.conditions?.find(({ type }) => type === 'LeftOut')

  test('is told once, and stays as a condition; the release serves without it', () => {
    const world = installed({ traffic: { route: 'shop', extras } })
    settle(world)
    expect(actionsTold(world).filter((action) => action === 'LeaveOut').length).toBe(2)
    expect(conditionOf(world)).toMatchObject({ status: 'True', reason: 'ExtrasLeftOut' })
    expect(conditionOf(world)?.message).toMatch(/compress answers.*; .*serve TLS/)
    expect(world.release.status?.phase).toBe('Completed')
  })

  test('goes from the conditions with the wish, and what comes anew is told alone', () => {
    const world = installed({ traffic: { route: 'shop', extras: { compression: true } } })
    world.ask({ traffic: { route: 'shop', extras } })
    settle(world)
    expect(actionsTold(world).filter((action) => action === 'LeaveOut').length).toBe(2)
    world.ask({ traffic: { route: 'shop' } })
    settle(world)
    expect(conditionOf(world)).toBe(undefined)
  })
})
