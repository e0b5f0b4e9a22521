/** What a killed process leaves behind is taken away; what belongs to a living one, or to our own program, stays. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openCompileCache } from './compile-cache.ts'

const rows = [
  ['a process that has ended', () => spawnSync(process.execPath, ['-e', '']).pid, false],
  ['a process that lives', () => process.ppid, true],
] as const

for (const [whose, pidOf, stays] of rows) {
  test(`the folder of ${whose} ${stays ? 'stays' : 'goes'} when the next one starts`, () => {
    const folder = join(tmpdir(), `headgate-pods-${pidOf()}-test`)
    mkdirSync(folder, { recursive: true })
    try {
      const cache = openCompileCache('')
      expect([existsSync(folder), existsSync(cache.folder)]).toEqual([stays, true])
      cache.close()
      expect(existsSync(cache.folder)).toBe(false)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

test('the folder that our own program uses serves pods too, and stays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-compiled-'))
  try {
    const cache = openCompileCache(folder)
    expect([cache.folder, cache.isNew]).toEqual([folder, false])
    cache.close()
    expect(existsSync(folder)).toBe(true)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
