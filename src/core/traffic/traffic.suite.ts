/** What every router must keep, whatever object it writes to. Each one in the register runs it on a fixture of its own. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { release } from '#test/gen/release.ts'
import { readRelease } from '../api/read.ts'
import type { Write } from '../decision.ts'
import { applyPatch } from '../forecast/json-patch.ts'
import { contained } from '../k8s/compare.ts'
import type { KubeObject } from '../k8s/meta.ts'
import type { App, Extras, Match, Traffic } from '../model/app.ts'
import { stable, type Weights, weightOf } from '../model/weights.ts'
import type { RouteObjects, RouteReading, Router, Split } from './router.ts'

/** The app that all fixtures are for, on a router of its own. */
export function appOn(router: string, traffic: Partial<Traffic> = {}): App {
  const read = readRelease(release())
  if (read.kind !== 'app') throw new Error(JSON.stringify(read.problems))
  return { ...read.app, traffic: { router, route: 'shop', settleMs: undefined, ...traffic } }
}

export type RouterFixture = {
  readonly app: App
  /** The smallest objects that people could write for the app, not yet accepted by any gateway. */
  readonly plain: RouteObjects
  /** The same with content of other people all around, at any weights. */
  readonly crowded: fc.Arbitrary<RouteObjects>
  /** The objects without the fields that the router may write. */
  readonly foreign: (objects: RouteObjects) => unknown
  /** The objects as a gateway that has taken them up leaves them; left out where none ever says so. */
  readonly accept?: (objects: RouteObjects) => RouteObjects
  /** Alternatives that the router can tell, one list for each role at a time. */
  readonly matches: fc.Arbitrary<readonly Match[]>
  /** Every extra that it can do, in words that no crowded object has. */
  readonly extras: Extras
  /** Objects that cannot serve the app, and the words that say what to write instead. */
  readonly refused: readonly (readonly [name: string, objects: RouteObjects, words: string])[]
}

/** The objects after the writes, or undefined when one of them was refused. */
export function written(objects: RouteObjects, writes: readonly Write[]): RouteObjects | undefined {
  let after: RouteObjects = objects
  for (const write of writes) {
    const { kind, name } = write.kind === 'create' ? named(write.object) : write.ref
    const key = `${kind}/${name}`
    const before = after[key]
    if (write.kind === 'create') {
      if (before !== undefined) return undefined
      const metadata = { ...write.object.metadata, uid: `uid of ${name}`, resourceVersion: '1' }
      after = { ...after, [key]: { ...write.object, metadata } }
    } else if (write.kind === 'delete') {
      if (before === undefined || (before.metadata.uid ?? '') !== write.uid) return undefined
      const { [key]: _gone, ...rest } = after
      after = rest
    } else {
      const patched = before === undefined ? undefined : applyPatch(before, write.patch)
      if (patched === undefined) return undefined
      after = { ...after, [key]: patched }
    }
  }
  return after
}

function named({ kind, metadata }: KubeObject): { readonly kind: string; readonly name: string } {
  return { kind, name: metadata.name }
}

function reading(router: Router, app: App, objects: RouteObjects): RouteReading & { kind: 'read' } {
  const found = router.read(app, objects, {})
  if (found.kind !== 'read') throw new Error(`expected to read weights, found ${found.kind}`)
  return found
}

const to = (weights: Weights): Split => ({ weights, matches: {} })

/** The fixture with objects as a server keeps them: there is no negative zero on the wire. */
function stored(fixture: RouterFixture): RouterFixture {
  const kept = (given: RouteObjects): RouteObjects =>
    JSON.parse(JSON.stringify(given)) as RouteObjects
  return { ...fixture, crowded: fixture.crowded.map(kept) }
}

export function routerSuite(router: Router, given: RouterFixture): void {
  const fixture = stored(given)
  const { app, plain, crowded, foreign, accept = (same) => same, refused } = fixture
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

    test('places in an object what it writes to it', () => {
      fc.assert(
        fc.property(crowded, weights, (objects, wanted) => {
          const [ref] = router.objects(app)
          const key = `${ref?.kind}/${ref?.name}`
          const found = objects[key] as KubeObject
          const after = written(objects, router.render(app, objects, to(wanted))) ?? {}
          expect(onTheWire(router.placed(app, found, to(wanted)))).toEqual(onTheWire(after[key]))
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
            if (write.kind !== 'patch') continue
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
      // Two writes, so that what it makes itself stands there too.
      const begun = written(plain, router.render(app, plain, to(split(10)))) ?? {}
      const writes = router.render(app, begun, to(split(30)))
      expect(writes.length).toBeGreaterThan(0)
      const moved = Object.fromEntries(
        Object.entries(begun).map(([key, object]) => [
          key,
          { ...object, metadata: { ...object.metadata, resourceVersion: 'another' } },
        ]),
      )
      expect(written(moved, writes)).toBeUndefined()
    })

    test('names the objects that it reads, and asks for no others', () => {
      const refs = [...router.objects(app), ...router.beside(app)]
      const names = refs.map(({ kind, name }) => `${kind}/${name}`)
      const after = written(plain, router.render(app, plain, to(split(30)))) ?? {}
      expect(Object.keys(after).filter((key) => !names.includes(key))).toEqual([])
      for (const { namespace } of refs) expect(namespace).toBe(app.namespace)
    })

    test('says that its object is missing, and writes nothing then', () => {
      const found = router.read(app, {}, {})
      expect(found.kind).toBe('missing')
      expect(found.object).toContain(app.traffic.route)
      expect(router.render(app, {}, to(split(30)))).toEqual([])
      expect(router.ports(app, {}, app.services[stable] ?? '')).toEqual([])
    })

    test('waits until a gateway has taken the object up, and again after each write', () => {
      const first = fixture.accept === undefined ? 'accepted' : 'waiting'
      expect(reading(router, app, plain).acceptance.kind).toBe(first)
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

    matchLaws(router, fixture, split)
    givingBack(router, fixture, split)
    extrasLaws(router, fixture, split)

    test('can split between the roles of the app', () => {
      expect(router.capabilities.roles).toBeGreaterThanOrEqual(roles.length)
    })
  })
}

/** Without what every object may be left with. */
function onTheWire(object: KubeObject | undefined): unknown {
  const { metadata, ...rest } = JSON.parse(JSON.stringify(object)) as KubeObject
  const { annotations = {}, ...others } = metadata
  return { ...rest, metadata: { ...others, annotations } }
}

type SplitFor = (weight: number) => Weights

/** Names of headers count in any letters. */
function small(matches: readonly Match[]): readonly Match[] {
  return matches.map((match) =>
    match.kind === 'header' ? { ...match, name: match.name.toLowerCase() } : match,
  )
}

function matchLaws(router: Router, fixture: RouterFixture, split: SplitFor): void {
  const { app, crowded, foreign, matches } = fixture
  const [candidate = ''] = Object.keys(app.services).filter((role) => role !== stable)
  const asked = fc.tuple(crowded, fc.integer({ min: 0, max: 100 }), matches, matches)

  test('K39 reads the matches that it wrote, and writes them once', () => {
    fc.assert(
      fc.property(asked, ([objects, weight, one]) => {
        const wanted = { weights: split(weight), matches: { [candidate]: one } }
        const after = written(objects, router.render(app, objects, wanted)) ?? {}
        const found = reading(router, app, after)
        expect(found.uniform).toBe(true)
        expect(small(found.matches[candidate] ?? [])).toEqual(small(one))
        expect(found.weights[candidate]).toBe(weight)
        expect(router.render(app, after, wanted)).toEqual([])
      }),
    )
  })

  test('changes and takes back matches, and leaves everything else as it was', () => {
    fc.assert(
      fc.property(asked, ([objects, weight, one, other]) => {
        let after = objects
        for (const list of [one, other]) {
          const wanted = { weights: undefined, matches: { [candidate]: list } }
          after =
            written(after, router.render(app, after, { ...wanted, weights: split(weight) })) ?? {}
          expect(small(reading(router, app, after).matches[candidate] ?? [])).toEqual(small(list))
          expect(router.render(app, after, wanted)).toEqual([])
        }
        const gone = router.render(app, after, { weights: undefined, matches: {} })
        after = written(after, gone) ?? {}
        expect(reading(router, app, after).matches).toEqual({})
        expect(reading(router, app, after).weights[candidate]).toBe(weight)
        expect(foreign(after)).toEqual(foreign(objects))
      }),
    )
  })
}

/** Without what every route may be left with: an empty list of annotations. */
function bare(objects: RouteObjects): unknown {
  return Object.fromEntries(
    Object.entries(objects).map(([key, { metadata, ...rest }]) => {
      const { annotations = {}, ...others } = metadata
      const kept = Object.keys(annotations).length === 0 ? others : { ...others, annotations }
      return [key, { ...rest, metadata: kept }]
    }),
  )
}

function givingBack(router: Router, fixture: RouterFixture, split: SplitFor): void {
  const { crowded, matches, extras } = fixture
  const app: App = { ...fixture.app, traffic: { ...fixture.app.traffic, extras } }
  const [candidate = ''] = Object.keys(app.services).filter((role) => role !== stable)

  test('deletion gives everything back', () => {
    fc.assert(
      fc.property(crowded, matches, (objects, one) => {
        const rest = { weights: split(0), matches: {} }
        const plainApp = fixture.app
        const before = written(objects, router.render(plainApp, objects, rest)) ?? {}
        const trial = { weights: split(40), matches: { [candidate]: one } }
        const made = written(before, router.render(app, before, trial)) ?? {}
        const home = written(made, router.render(app, made, { ...trial, weights: split(0) })) ?? {}
        const after = written(home, router.restore(app, home)) ?? {}
        expect(router.restore(app, after)).toEqual([])
        const own = router.beside(app).map(({ kind, name }) => `${kind}/${name}`)
        const theirs = Object.entries(before).filter(([key]) => !own.includes(key))
        expect(bare(after)).toEqual(bare(Object.fromEntries(theirs)))
      }),
    )
  })
}

function extrasLaws(router: Router, fixture: RouterFixture, split: SplitFor): void {
  const { crowded, extras, foreign } = fixture
  const app: App = { ...fixture.app, traffic: { ...fixture.app.traffic, extras } }

  test('extras are written once, and go when they are not asked for any more', () => {
    fc.assert(
      fc.property(crowded, (objects) => {
        const wanted = to(split(20))
        const after = written(objects, router.render(app, objects, wanted)) ?? {}
        expect(router.render(app, after, wanted)).toEqual([])
        const text = JSON.stringify(after)
        expect(contained(split(20), reading(router, app, after).weights)).toBe(true)
        for (const value of Object.values(extras.responseHeaders ?? {}))
          if (router.capabilities.by === 'weight' && router.name !== 'nginx')
            expect(text).toContain(value)
        const gone = written(after, router.render(fixture.app, after, wanted)) ?? {}
        expect(foreign(gone)).toEqual(foreign(objects))
      }),
    )
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
