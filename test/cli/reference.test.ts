/** The page about the command line says what the program takes. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { exitCodes, exitMeanings } from '../../src/cli/exit-codes.ts'
import { headgate } from './ground.ts'

const remake = 'node src/cli/main.ts __reference > docs/cli.md'

test(`docs/cli.md is what the program says of itself (${remake})`, async () => {
  const { code, out } = await headgate(['__reference'])
  expect(code).toBe(0)
  expect(readFileSync('docs/cli.md', 'utf8')).toBe(out)
})

test('every exit code has a number of its own and its sentence', () => {
  const numbers = Object.values(exitCodes)
  expect(new Set(numbers).size).toBe(numbers.length)
  expect(Object.keys(exitMeanings)).toEqual(Object.keys(exitCodes))
})

test('help groups the commands, and version says which this is', async () => {
  const [help, version, json, shell] = await Promise.all([
    headgate(['--help']),
    headgate(['version']),
    headgate(['version', '-o', 'json']),
    headgate(['completion', 'tcsh']),
  ])
  for (const heading of ['Look at releases:', 'Act on releases:', 'Look at manifests:', 'Run it:'])
    expect(help.out).toContain(heading)
  expect(help.out).not.toContain('__')
  expect(version.out).toMatch(/^headgate \d+\.\d+\.\d+ \(Node v24/)
  expect(JSON.parse(json.out)).toHaveProperty('version')
  expect([shell.code, shell.err]).toEqual([
    2,
    expect.stringContaining('write one of bash, zsh, fish'),
  ])
})
