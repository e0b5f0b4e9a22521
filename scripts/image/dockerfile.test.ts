/** The Dockerfile makes an image that runs as the one that is made without a daemon. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { running } from './main.ts'
import { lockedParts } from './parts.ts'

const lines = readFileSync('deploy/image/Dockerfile', 'utf8').split('\n')

/** What the last line with this word says. */
function said(word: string): string {
  return lines.findLast((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? ''
}

test('as the same user, with the same program and variables', () => {
  expect(said('USER')).toBe(running.User)
  expect(JSON.parse(said('CMD'))).toEqual(running.Cmd)
  // The base has Node at a place of its own, and a PATH.
  const [, program] = JSON.parse(said('ENTRYPOINT')) as readonly string[]
  expect(program).toBe(running.Entrypoint[1])
  const variables = running.Env.filter((one) => !one.startsWith('PATH='))
  expect(said('ENV').split(' ').toSorted()).toEqual(variables.toSorted())
})

test('on the same line of Node', () => {
  const [major] = lockedParts().amd64.node.version.split('.')
  const bases = lines.filter((line) => line.startsWith('FROM '))
  expect(bases).toHaveLength(2)
  for (const base of bases) expect(base).toContain(`node:${major}-`)
})
