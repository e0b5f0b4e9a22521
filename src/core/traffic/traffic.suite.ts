/** What every router must keep, whatever object it writes to. Each one in the register runs it on a fixture of its own. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyPatch } from '#test/gen/json-patch.ts'
import type { Write } from '../decision.ts'
import type { KubeObject } from '../k8s/meta.ts'
import { stable, type Weights, weightOf } from '../model/weights.ts'
import type { RouteObjects, RouteReading, Router, RouterApp, Split } from './router.ts'

export type RouterFixture = {
  readonly app: RouterApp
  /** The smallest objects that people could write for the app, not yet accepted by any gateway. */
  readonly plain: RouteObjects
  /** The same with content of other people all around, at any weights. */
  readonly crowded: fc.Arbitrary<RouteObjects>
  /** The objects without the fields that the router may write. */
  readonly foreign: (objects: RouteObjects) => unknown
  /** The objects as a gateway that has taken them up leaves them. */
  readonly accept: (objects: RouteObjects) => RouteObjects
  /** Objects that cannot serve the app, and the words that say what to write instead. */
  readonly refused: readonly (readonly [name: string, objects: RouteObjects, words: string])[]
}

/** The objects after the writes, or undefined when one of them was refused. */
export function written(objects: RouteObjects, writes: readonly Write[]): RouteObjects | undefined {
  let after: RouteObjects = objects
  for (const write of writes) {
    if (write.kind !== 'patch') return undefined
    const key = `${write.ref.kind}/${write.ref.name}`
    const before = after[key]
    const patched = before === undefined ? undefined : applyPatch(before, write.patch)
    if (patched === undefined) return undefined
    after = { ...after, [key]: patched }
  }
  return after
}

function reading(
  router: Router,
  app: RouterApp,
  objects: RouteObjects,
): RouteReading & { kind: 'read' } {
  const found = router.read(app, objects, {})
  if (found.kind !== 'read') throw new Error(`expected to read weights, found ${found.kind}`)
  return found
}

const to = (weights: Weights): Split => ({ weights, matches: {} })

export function routerSuite(router: Router, fixture: RouterFixture): void {
  const { app, plain, crowded, foreign, accept, refused } = fixture
  const roles = Object.keys(app.services)
  const [candidate = ''] = roles.filter((role) => role !== stable)
  const split = (weight: number): Weights => ({ [stable]: 100 - weight, [candidate]: weight })
  const weights = fc.integer({ min: 0, max: 100 }).map(split)

  describe(`the router ${router.name}`, () => {
    test('reads what it wrote', () => {
      fc.assert(
        fc.property(crowded, weights, (objects, wanted) => {
          const after = written(objects, router.render(app, objects, to(wanted)))
          if (after === undefined) throw new Error('its own write was refused')
          const found = reading(router, app, after)
          expect(found.uniform).toBe(true)
          for (const role of roles) expect(found.weights[role]).toBe(weightOf(wanted, role))
        }),
      )
    })

    test('leaves everything else as people wrote it', () => {
      fc.assert(
        fc.property(crowded, weights, (objects, wanted) => {
          const before = structuredClone(objects)
          const after = written(objects, router.render(app, objects, to(wanted)))
          expect(foreign(after ?? {})).toEqual(foreign(objects))
          expect(objects).toEqual(before)
        }),
      )
    })

    test('writes nothing where nothing changes', () => {
      fc.assert(
        fc.property(crowded, weights, (objects, wanted) => {
          const after = written(objects, router.render(app, objects, to(wanted))) ?? {}
          expect(router.render(app, after, to(wanted))).toEqual([])
        }),
      )
    })

    test('begins every write with a test on the version it decided on', () => {
      fc.assert(
        fc.property(crowded, weights, (objects, wanted) => {
          for (const write of router.render(app, objects, to(wanted))) {
            if (write.kind !== 'patch')
              throw new Error(`a router writes patches, not ${write.kind}`)
            const { metadata } = objects[`${write.ref.kind}/${write.ref.name}`] as KubeObject
            expect(write.patch[0]).toEqual({
              op: 'test',
              path: '/metadata/resourceVersion',
              value: metadata.resourceVersion,
            })
          }
        }),
      )
    })

    test('is refused when somebody else wrote in between', () => {
      const writes = router.render(app, plain, to(split(30)))
      expect(writes.length).toBeGreaterThan(0)
      const moved = Object.fromEntries(
        Object.entries(plain).map(([key, object]) => [
          key,
          { ...object, metadata: { ...object.metadata, resourceVersion: 'another' } },
        ]),
      )
      expect(written(moved, writes)).toBeUndefined()
    })

    test('names the objects that it reads, and asks for no others', () => {
      const named = router.objects(app).map(({ kind, name }) => `${kind}/${name}`)
      expect(Object.keys(plain).filter((key) => !named.includes(key))).toEqual([])
      for (const { namespace } of router.objects(app)) expect(namespace).toBe(app.namespace)
    })

    test('says that its object is missing, and writes nothing then', () => {
      const found = router.read(app, {}, {})
      expect(found.kind).toBe('missing')
      expect(found.object).toContain(app.traffic.route)
      expect(router.render(app, {}, to(split(30)))).toEqual([])
      expect(router.ports(app, {}, app.services[stable] ?? '')).toEqual([])
    })

    test('waits until a gateway has taken the object up, and again after each write', () => {
      expect(reading(router, app, plain).acceptance.kind).toBe('waiting')
      const taken = accept(plain)
      expect(reading(router, app, taken).acceptance.kind).toBe('accepted')
    })

    test('gives each accepted state a name of its own, and says how long its gateway follows behind', () => {
      const one = reading(router, app, accept(plain)).acceptance
      const after = written(plain, router.render(app, plain, to(split(30)))) ?? {}
      const other = reading(router, app, accept(nextGeneration(after))).acceptance
      if (one.kind !== 'accepted' || other.kind !== 'accepted') throw new Error('not accepted')
      expect(other.token).not.toBe(one.token)
      expect(one.settleMs).toBeGreaterThan(0)
      expect(reading(router, app, accept(plain)).acceptance).toEqual(one)
    })

    for (const [name, objects, words] of refused) {
      test(`refuses ${name} and says what to write`, () => {
        const found = router.read(app, objects, {})
        expect(found).toMatchObject({ kind: 'unusable', problem: expect.stringContaining(words) })
        expect(router.render(app, objects, to(split(30)))).toEqual([])
      })
    }

    test('knows at which ports the route reaches a Service', () => {
      expect(router.ports(app, plain, app.services[stable] ?? '').length).toBeGreaterThan(0)
      expect(router.ports(app, plain, 'another')).toEqual([])
    })

    test('can split between the roles of the app', () => {
      expect(router.capabilities.roles).toBeGreaterThanOrEqual(roles.length)
    })
  })
}

function nextGeneration(objects: RouteObjects): RouteObjects {
  return Object.fromEntries(
    Object.entries(objects).map(([key, object]) => [
      key,
      {
        ...object,
        metadata: { ...object.metadata, generation: (object.metadata.generation ?? 0) + 1 },
      },
    ]),
  )
}
