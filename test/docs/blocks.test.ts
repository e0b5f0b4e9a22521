/** No command of the documents escapes: each block is run by a test, or it is said why nothing here can run it. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { commandsOf, fencesOf, pages } from './blocks.ts'
import { walkedElsewhere, walks } from './pages.ts'

test('every fence says what it is, so that commands are told from what they print', () => {
  const known = ['sh', 'console', 'yaml', 'json', 'promql', 'js', 'text']
  const unknown = pages
    .flatMap(fencesOf)
    .filter(({ language }) => !known.includes(language))
    .map(({ page, text }) => `${page}: ${text.split('\n')[0]}`)
  expect(unknown).toEqual([])
})

test('every page with commands is walked', () => {
  const walked = [...Object.keys(walks), ...Object.keys(walkedElsewhere)]
  expect(pages.filter((page) => commandsOf(page).length > 0).sort()).toEqual(walked.sort())
})

describe.each(Object.entries(walks))('%s', (page, { blocks }) => {
  test('each block has its entry, and each entry its block', () => {
    const first = (text: string): string => text.split('\n')[0] ?? ''
    const found = commandsOf(page).map(({ text }) => text)
    expect(found).toHaveLength(blocks.length)
    for (const [index, { starts }] of blocks.entries())
      expect(first(found[index] ?? '').slice(0, starts.length)).toBe(starts)
  })

  test('tests that run one are there', () => {
    const named = blocks.flatMap((block) => (block.by === 'test' ? [block.test] : []))
    expect(named.filter((path) => !existsSync(path))).toEqual([])
  })
})

test('examples of the command line have commands and options that it takes', () => {
  const page = readFileSync('docs/cli.md', 'utf8')
  const sections = new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((text) => [/^`?([^`\n]+)`?\n/.exec(text)?.[1] ?? '', text] as const),
  )
  const wrong: string[] = []
  let seen = 0
  for (const [title, section] of sections) {
    for (const [, block = ''] of section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)) {
      for (const line of block.split('\n').filter((one) => one.includes('headgate '))) {
        seen += 1
        if (!line.includes(title.split(' ').slice(0, 2).join(' '))) wrong.push(`${title}: ${line}`)
        for (const [option] of line.matchAll(/(?<= )--[a-z][a-z-]+/g))
          if (!new RegExp(`^- \`[^\`]*${option}[ \`,]`, 'm').test(section))
            wrong.push(`${title}: ${option} of ${line}`)
      }
    }
  }
  expect(wrong).toEqual([])
  expect(seen).toBeGreaterThan(15)
})
