/** The small containers behave as the ones they stand in for. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Few } from './few.ts'
import { Groups } from './groups.ts'

const key = fc.constantFrom('a', 'b', 'c')

test('Few is a Map in which what is set again becomes the newest', () => {
  const moves = fc.array(fc.tuple(fc.constantFrom('set', 'delete', 'clear'), key, fc.nat(9)))
  fc.assert(
    fc.property(moves, (all) => {
      const few = new Few<number>()
      const map = new Map<string, number>()
      for (const [move, name, value] of all) {
        if (move === 'clear') map.clear()
        else map.delete(name)
        if (move === 'set') map.set(name, value)
        if (move === 'clear') few.clear()
        else if (move === 'set') few.set(name, value)
        else few.delete(name)
      }
      expect([few.size, few.keys(), few.values()]).toEqual([
        map.size,
        [...map.keys()],
        [...map.values()],
      ])
      for (const name of ['a', 'b', 'c']) {
        expect([few.has(name), few.get(name)]).toEqual([map.has(name), map.get(name)])
      }
    }),
  )
})

test('Groups holds what was added and not dropped, by name and in order', () => {
  const things = Array.from({ length: 4 }, (_, id) => ({ id }))
  const moves = fc.array(fc.tuple(fc.boolean(), key, fc.constantFrom(...things)))
  fc.assert(
    fc.property(moves, (all) => {
      const groups = new Groups<{ id: number }>()
      const lists: Record<string, { id: number }[]> = { a: [], b: [], c: [] }
      for (const [add, name, thing] of all) {
        const rest = (lists[name] ?? []).filter((one) => one !== thing)
        groups.drop(name, thing)
        if (add) groups.add(name, thing)
        lists[name] = add ? [...rest, thing] : rest
      }
      for (const name of ['a', 'b', 'c']) expect(groups.of(name)).toEqual(lists[name])
    }),
  )
})
