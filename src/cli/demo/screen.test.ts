/** What the demo shows: the last thing that stands there is what was reached. */
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Release } from '#core/api/release.ts'
import { demoRelease } from './manifests.ts'
import { plainScreen, type Scene, type Screen, terminalScreen } from './screen.ts'

function scene(phase: 'Progressing' | 'Failed', type: string, confirmed: number): Scene {
  const role = { revision: 'r1', replicas: 3, ready: 3, weight: { wanted: 100, confirmed } }
  const status = {
    phase,
    stable: role,
    candidates: [],
    reason: { type, message: 'said', since: '2026-01-01T00:00:00Z' },
  }
  const release = { ...demoRelease('shop:v1'), status } as unknown as Release
  return { release, images: new Map([['r1', 'example/shop:v2']]), answered: {}, dropped: 0 }
}

function played(open: (out: NodeJS.WriteStream) => Screen): string {
  const out = new PassThrough() as unknown as NodeJS.WriteStream
  const screen = open(out)
  screen.show(scene('Progressing', 'Retreating', 50))
  screen.show(scene('Failed', 'AnalysisFailed', 100))
  screen.keep()
  screen.say('rolled back v3')
  return String(out.read())
}

test('on a terminal the last picture is left standing above what is said at the end', () => {
  const text = played(terminalScreen)
  const last = text.slice(text.lastIndexOf('\x1b[J'))
  expect(stripVTControlCharacters(last)).toMatch(
    /^ {2}stable +█+ 100 % {2}example\/shop:v2.*\n.*\n {2}Failed {2}AnalysisFailed: said\nrolled back v3\n$/,
  )
})

test('elsewhere the last line but what is said is the end', () => {
  const [before, end] = played(plainScreen).trimEnd().split('\n').slice(-2)
  expect([before, end]).toEqual([expect.stringMatching(/Failed.*AnalysisFailed/), 'rolled back v3'])
})
