/** Several candidates beside stable, each where somebody outside put it; they come and go independently. */
import { describe, expect, test } from 'vitest'
import { plainRoute, release, template } from '#test/gen/release.ts'
import { actionsTold, phaseIs, settle, until } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { CommandedCandidate } from './api/strategy/commanded.ts'
import { writtenHash } from './revision.ts'

const route = plainRoute()

const own = (candidate: CommandedCandidate): CommandedCandidate => ({
  template: template(`shop:${candidate.name}`),
  ...candidate,
})

function serving(): World {
  const world = new World(release({ strategy: { commanded: { candidates: [] } } }), route)
  until(world, phaseIs('Completed'))
  settle(world)
  return world
}

function say(world: World, ...words: readonly CommandedCandidate[]): void {
  world.ask({ strategy: { commanded: { candidates: words.map(own) } } })
  settle(world)
}

describe('commanded candidates', () => {
  test('have the weights they are given, stable the rest', () => {
    const world = serving()
    say(world, { name: 'b', version: 1, weight: 20 }, { name: 'c', version: 1, weight: 30 })
    expect(world.weights()).toEqual({ 'shop-stable': 50, 'shop-b': 20, 'shop-c': 30 })
  })

  test('one of them moves while the other stays', () => {
    const world = serving()
    say(world, { name: 'b', version: 1, weight: 20 }, { name: 'c', version: 1, weight: 30 })
    say(world, { name: 'b', version: 2, weight: 60 }, { name: 'c', version: 1, weight: 30 })
    expect(world.weights()).toEqual({ 'shop-stable': 10, 'shop-b': 60, 'shop-c': 30 })
  })

  test('a word that is older than the one on record says nothing', () => {
    const world = serving()
    say(world, { name: 'b', version: 5, weight: 40 }, { name: 'c', version: 1, weight: 0 })
    say(world, { name: 'b', version: 4, weight: 10 }, { name: 'c', version: 1, weight: 0 })
    expect(world.weights()).toMatchObject({ 'shop-b': 40 })
  })

  test('one whose pods do not come up holds up nobody else', () => {
    const world = serving()
    world.ask({
      strategy: {
        commanded: {
          candidates: [
            { name: 'b', version: 1, weight: 20 },
            { name: 'c', version: 1, weight: 30 },
          ].map(own),
        },
      },
    })
    const broken = writtenHash(template('shop:c'))
    until(world, () => world.weights()['shop-b'] === 20, { broken })
    expect(world.weights()).toEqual({ 'shop-stable': 80, 'shop-b': 20, 'shop-c': 0 })
  })

  test('one that is promoted becomes stable; the other keeps its share through it', () => {
    const world = serving()
    say(world, { name: 'b', version: 1, weight: 20 }, { name: 'c', version: 1, weight: 30 })
    world.ask({
      strategy: {
        commanded: {
          candidates: [
            { name: 'b', version: 2, weight: 20, promote: true },
            { name: 'c', version: 1, weight: 30 },
          ].map(own),
        },
      },
    })
    const shares = new Set<number>()
    until(world, ({ release: { status } }) => {
      shares.add(world.weights()['shop-c'] ?? 0)
      return (status?.trials ?? []).every(({ candidate }) => candidate !== 'b')
    })
    settle(world)
    expect([...shares]).toEqual([30])
    expect(world.weights()).toEqual({ 'shop-stable': 70, 'shop-b': 0, 'shop-c': 30 })
    expect(actionsTold(world)).toContain('Complete')
  })

  test('two that are both told to take over do so once each, in their order, and come to rest', () => {
    const world = serving()
    const both = [
      { name: 'b', version: 1, weight: 20, promote: true },
      { name: 'c', version: 1, weight: 30, promote: true },
    ]
    say(world, ...both)
    const { status } = world.release
    expect(actionsTold(world).filter((action) => action === 'Complete').length).toBe(3)
    expect(status?.stable?.revision).toBe(writtenHash(template('shop:c')))
    // The word of the first has been carried out; a newer one begins it anew.
    say(world, { name: 'b', version: 2, weight: 20 }, { name: 'c', version: 1, weight: 30 })
    expect(world.weights()).toEqual({ 'shop-stable': 80, 'shop-b': 20, 'shop-c': 0 })
  })

  test('one that is withdrawn loses its traffic, then its place in the route, then its Service and its pods', () => {
    const world = serving()
    say(world, { name: 'b', version: 1, weight: 20 }, { name: 'c', version: 1, weight: 30 })
    say(world, { name: 'c', version: 1, weight: 30 })
    expect(world.weights()).toEqual({ 'shop-stable': 70, 'shop-c': 30 })
    expect([...world.services.keys()]).toEqual(['shop-stable', 'shop-c'])
    const left = [...world.replicaSets.values()].find(({ metadata }) =>
      metadata.name.endsWith(writtenHash(template('shop:b'))),
    )
    expect(left?.spec.replicas).toBe(0)
    expect(actionsTold(world)).toContain('Return')
  })

  test('one that is withdrawn loses its pods also where its Service is of people, which selects stable again', () => {
    const world = new World(release({ strategy: { commanded: { candidates: [] } } }), route)
    for (const name of ['shop-stable', 'shop-b']) world.addService(name, { app: 'shop' })
    until(world, phaseIs('Completed'))
    say(world, { name: 'b', version: 1, weight: 20 })
    say(world)
    const pods = [...world.replicaSets.values()].map(({ spec }) => spec.replicas)
    expect(pods.toSorted()).toEqual([0, 4])
    expect(world.weights()).toEqual({ 'shop-stable': 100 })
    const [stable, left] = ['shop-stable', 'shop-b'].map(
      (name) => world.services.get(name)?.spec.selector,
    )
    expect(left).toEqual(stable)
  })
})
