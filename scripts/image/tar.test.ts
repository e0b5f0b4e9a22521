/** Our tar archives as the real tar reads them. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Entry, tarOf } from './tar.ts'

const long = `deep/${'a-long-name/'.repeat(12)}file`
const entries: readonly Entry[] = [
  { kind: 'file', path: 'etc/hosts', mode: 0o644, body: Buffer.from('127.0.0.1 localhost\n') },
  { kind: 'file', path: 'app/run', mode: 0o755, body: Buffer.alloc(1024, 'x') },
  { kind: 'link', path: 'lib/here', to: '../app/run' },
  { kind: 'folder', path: 'tmp', mode: 0o1777 },
  { kind: 'file', path: long, mode: 0o644, body: Buffer.from('far away') },
]

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-tar-'))
  writeFileSync(join(folder, 'archive.tar'), tarOf(entries))
  execFileSync('tar', ['-xpf', 'archive.tar'], { cwd: folder })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('files come out as they went in, with their modes', () => {
  expect(readFileSync(join(folder, 'etc/hosts'), 'utf8')).toBe('127.0.0.1 localhost\n')
  expect(readFileSync(join(folder, 'app/run')).length).toBe(1024)
  expect(statSync(join(folder, 'app/run')).mode & 0o777).toBe(0o755)
})

test('a path longer than the head of an entry is whole', () => {
  expect(readFileSync(join(folder, long), 'utf8')).toBe('far away')
})

test('links and open folders are what they were', () => {
  expect(readlinkSync(join(folder, 'lib/here'))).toBe('../app/run')
  expect(statSync(join(folder, 'tmp')).mode & 0o7777).toBe(0o1777)
})

test('the order in which entries are given does not matter', () => {
  expect(tarOf([...entries].reverse()).equals(tarOf(entries))).toBe(true)
})
