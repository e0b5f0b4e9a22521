/** What people download: it is the same every time, runs without anything else, and installs by npm. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { makePackages, type Packages } from '../../scripts/package/main.ts'

const from = 'https://example.com/headgate'
const architecture = process.arch === 'x64' ? 'amd64' : process.arch
let folder = ''
let made: Packages
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-package-'))
  made = await makePackages(join(folder, 'out'), from)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Without anything on the PATH but what the shell itself needs. */
function run(program: string, args: readonly string[], path = '/usr/bin:/bin'): string {
  const env = { PATH: path, HOME: folder }
  return execFileSync(program, args, { encoding: 'utf8', env, cwd: folder })
}

test('a second time, the same bytes; their sums stand beside them', async () => {
  const again = await makePackages(join(folder, 'again'), from)
  expect(again.sums).toEqual(made.sums)
  const check = ['-c', `cd ${join(folder, 'out')} && sha256sum --check --quiet SHA256SUMS`]
  expect(run('sh', check)).toBe('')
})

describe('the archive with its own Node', () => {
  beforeAll(() => {
    mkdirSync(join(folder, 'native'))
    const archive = join(folder, 'out', `headgate-${version}-linux-${architecture}.tar.gz`)
    execFileSync('tar', ['-xzf', archive, '-C', join(folder, 'native')])
  })
  const bin = (name: string): string => join(folder, 'native', 'bin', name)

  test('runs by each of its names, also through a link', () => {
    expect(run(bin('headgate'), ['--version']).trim()).toBe(version)
    expect(run(bin('kubectl-headgate'), ['version'])).toContain(version)
    const offered = run(bin('kubectl_complete-headgate'), ['prom'])
    expect(offered.split('\n')[0]).toMatch(/^promote/)
    const link = join(folder, 'linked')
    execFileSync('ln', ['-s', bin('headgate'), link])
    expect(run(link, ['--version']).trim()).toBe(version)
  })

  test('completes in each shell, by the very script that it prints', () => {
    const shells = { bash: 'headgate', zsh: '_headgate', fish: 'headgate.fish' }
    for (const [shell, file] of Object.entries(shells)) {
      const packed = readFileSync(join(folder, 'native', 'completions', file), 'utf8')
      expect(packed).toBe(run(bin('headgate'), ['completion', shell]))
      expect(packed).toContain('headgate')
    }
  })

  test('is what krew expects', () => {
    const krew = parse(readFileSync(join(folder, 'out', 'krew.yaml'), 'utf8')) as {
      spec: {
        version: string
        platforms: readonly { uri: string; sha256: string; bin: string }[]
      }
    }
    expect(krew.spec.version).toBe(`v${version}`)
    for (const { uri, sha256, bin: path } of krew.spec.platforms) {
      const name = uri.slice(`${from}/`.length)
      expect(sha256).toBe(made.sums[name])
      expect(path).toBe('bin/kubectl-headgate')
    }
    expect(krew.spec.platforms).toHaveLength(2)
  })
})

test('npm installs it, and npx finds its command', () => {
  const target = join(folder, 'npm')
  mkdirSync(target)
  const archive = join(folder, 'out', `headgate-${version}.tgz`)
  const path = process.env['PATH'] ?? ''
  run('npm', ['install', '--prefix', target, '--no-audit', '--no-fund', '--offline', archive], path)
  const told = run(process.execPath, [join(target, 'node_modules/.bin/headgate'), '--version'])
  expect(told.trim()).toBe(version)
})

test('a schema says what a manifest may hold', () => {
  const path = join(folder, 'out', 'schemas', 'headgate.dev', 'release_v1alpha1.json')
  const schema = JSON.parse(readFileSync(path, 'utf8')) as {
    required: readonly string[]
    properties: { spec: { additionalProperties?: boolean; properties: object } }
  }
  expect(schema.required).toContain('spec')
  expect(schema.properties.spec.additionalProperties).toBe(false)
  expect(Object.keys(schema.properties.spec.properties)).toContain('strategy')
  expect(JSON.stringify(schema)).not.toContain('x-kubernetes-')
})
