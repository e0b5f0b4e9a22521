/** The page as it is built: small, the same every time, and asking no other host for anything. */
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeDashboard } from './dashboard.ts'

const folder = mkdtempSync(join(tmpdir(), 'headgate-dashboard-'))
const mostBytes = 120 * 1024

beforeAll(() => writeDashboard(join(folder, 'first')))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function filesOf(name: string): ReadonlyMap<string, string> {
  const root = join(folder, name)
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.includes('.'),
  )
  return new Map(paths.sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

test('the same sources give the same bytes', async () => {
  await writeDashboard(join(folder, 'second'))
  expect(filesOf('second')).toEqual(filesOf('first'))
})

test(`all of it together is below ${mostBytes / 1024} KiB as it travels`, () => {
  const sizes = [...filesOf('first').values()].map((text) => gzipSync(text, { level: 9 }).length)
  expect(sizes).toHaveLength(4)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(mostBytes)
})

test('the page names its files by what is in them, and has no script or style of its own', () => {
  const page = filesOf('first').get('index.html') ?? ''
  const named = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path)
  const built = [...filesOf('first').keys()].filter((path) => path !== 'index.html')
  expect(named.sort()).toEqual(built.map((path) => `/${path}`).sort())
  expect(page).not.toMatch(/<style|style=|<script(?![^>]* src=)|\son\w+=/)
})

test('nothing in it asks another host, or makes code or markup of text', () => {
  for (const [path, text] of filesOf('first')) {
    const hosts = [...text.matchAll(/https?:\/\/[\w.-]+/g)].map(([host]) => host)
    // Names of markup languages, which nobody asks.
    expect(
      hosts.filter((host) => !host.endsWith('://www.w3.org')),
      path,
    ).toEqual([])
    expect(text, path).not.toMatch(/@import|url\(|\beval\(|new Function|insertAdjacentHTML/)
  }
})

test('no source of it hands text to the browser as markup', () => {
  const sources = globSync('src/dashboard/web/**/*.{ts,tsx}')
  expect(sources.length).toBeGreaterThan(30)
  for (const path of sources)
    expect(readFileSync(path, 'utf8'), path).not.toMatch(
      /innerHTML|outerHTML|document\.write|createContextualFragment|DOMParser|srcdoc/i,
    )
})
