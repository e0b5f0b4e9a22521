/** Conversion between the versions of a Rollout: nothing is lost, whatever stands in it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import { convertRollout } from './convert.ts'

const alpha = 'kulta.io/v1alpha1'
const beta = 'kulta.io/v1beta1'

function converted(object: KubeObject, to: string): KubeObject {
  const result = convertRollout(object, to)
  if (result.kind === 'problem') throw new Error(result.message)
  return result.object
}

const spec = fc.record(
  {
    replicas: fc.nat(20),
    maxSurge: fc.constantFrom('1', '25%', '50%'),
    maxUnavailable: fc.constantFrom('0', '10%'),
    progressDeadlineSeconds: fc.nat(3600),
    advisor: fc.record({ level: fc.constantFrom('Off', 'Advised'), endpoint: fc.webUrl() }),
    strategy: fc.record({ canary: fc.jsonValue() }),
    template: fc.jsonValue(),
  },
  { requiredKeys: [] },
)

const rollout = fc.record({
  apiVersion: fc.constantFrom(alpha, beta),
  kind: fc.constant('Rollout'),
  metadata: fc.record({ name: fc.string({ minLength: 1 }), annotations: fc.object() }),
  spec,
  status: fc.object(),
})

describe('conversion', () => {
  test('loses nothing on the way to the other version and back', () => {
    fc.assert(
      fc.property(rollout, (given) => {
        const object = given as unknown as KubeObject & { spec: object; status: unknown }
        const other = object.apiVersion === alpha ? beta : alpha
        const there = converted(object, other) as typeof object
        expect(there.apiVersion).toBe(other)
        expect(there.spec).toMatchObject(object.spec)
        expect(there.status).toEqual(object.status)
        const back = converted(there, object.apiVersion) as typeof object
        expect(back.spec).toMatchObject(object.spec)
        expect({ ...back, spec: {} }).toEqual({ ...object, spec: {} })
        // Once both have been seen, nothing changes any more.
        expect(converted(converted(back, other), object.apiVersion)).toMatchObject(back)
      }),
      { numRuns: 100 },
    )
  })

  test('writes the defaults out towards v1beta1, and keeps them on the way back', () => {
    const object = { apiVersion: alpha, kind: 'Rollout', metadata: { name: 'a' }, spec: {} }
    const there = converted(object, beta)
    const spelt = { maxSurge: '25%', maxUnavailable: '0', progressDeadlineSeconds: 600 }
    expect(there).toMatchObject({ spec: spelt })
    expect(converted(there, alpha)).toMatchObject({ spec: spelt })
    expect(converted(object, alpha)).toBe(object)
  })

  const bad = [
    ['an unknown version', { apiVersion: 'kulta.io/v2', kind: 'Rollout' }, beta, /v2 .* unknown/],
    [
      'a version nobody has',
      { apiVersion: alpha, kind: 'Rollout' },
      'kulta.io/v3',
      /v3 .* unknown/,
    ],
    ['another kind', { apiVersion: alpha, kind: 'Pod' }, beta, /no Rollout/],
  ] as const
  for (const [name, object, to, words] of bad) {
    test(`${name} is told, not converted`, () => {
      const result = convertRollout({ ...object, metadata: { name: 'a' } }, to)
      expect(result).toMatchObject({ kind: 'problem', message: expect.stringMatching(words) })
    })
  }
})
