import { expect, test } from 'vitest'
import { behaviourOf, tagOf } from './behaviour.ts'

const well = { errorRate: 0, latencyMs: 0, readyAfterMs: 0, neverReady: false }

const rows: readonly (readonly [string, string, Record<string, string>, object])[] = [
  ['a plain tag behaves well', 'shop:v1', {}, {}],
  ['an error rate by tag', 'shop:v3-error20', {}, { errorRate: 20 }],
  ['latency by tag', 'shop:v3-slow200', {}, { latencyMs: 200 }],
  ['never ready by tag', 'shop:v3-neverready', {}, { neverReady: true }],
  ['a crash by tag, in seconds', 'shop:v3-crash5', {}, { crashAfterMs: 5_000 }],
  ['several by tag', 'shop:v3-error5-slow50', {}, { errorRate: 5, latencyMs: 50 }],
  ['only the end of the tag counts', 'shop:error5-v3', {}, {}],
  ['a mark without its number is a name', 'shop:v3-slow', {}, {}],
  ['a registry port is no tag', 'localhost:5000/shop', {}, {}],
  ['variables win over the tag', 'shop:v3-error20', { SAMPLE_ERROR_RATE: '1' }, { errorRate: 1 }],
  ['nonsense counts as absent', 'shop:v1', { SAMPLE_LATENCY_MS: 'slow' }, {}],
  ['a rate is at most 100', 'shop:v1', { SAMPLE_ERROR_RATE: '250' }, { errorRate: 100 }],
  ['false is false', 'shop:v1-neverready', { SAMPLE_NEVER_READY: 'false' }, {}],
  ['a limit by tag', 'shop:v1-slow50-max8', {}, { latencyMs: 50, maxConcurrent: 8 }],
  ['a limit by variable', 'shop:v1', { SAMPLE_MAX_CONCURRENT: '3' }, { maxConcurrent: 3 }],
]

for (const [name, image, env, expected] of rows) {
  test(name, () => expect(behaviourOf(image, env)).toEqual({ ...well, ...expected }))
}

test('the tag is what follows the name, without the digest', () => {
  expect(tagOf('registry:5000/a/b:v2@sha256:00')).toBe('v2')
  expect(tagOf('a/b')).toBe('latest')
})
