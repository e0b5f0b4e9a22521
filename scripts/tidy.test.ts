/** The rules of the house that no compiler keeps: who may import whom, what core may not say, sizes, words. */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { reasons } from '#core/reasons.ts'
import { writeCoreLib } from './core-lib.ts'

const sources = globSync('src/**/*.{ts,tsx}').sort()
const products = sources.filter((path) => !/\.(test|suite)\.ts$|\/testing\//.test(path))

/** Folder → folders it may import from, its own always included. `k8s` is the part of core that is types only. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  kube: ['core/k8s'],
  local: ['core/k8s', 'core/schema', 'core/time', 'core/hash', 'kube'],
  http: ['core/k8s', 'core/schema', 'kube'],
  doors: ['core', 'kube', 'http'],
  controller: ['core', 'kube', 'doors'],
  server: ['core', 'kube', 'doors', 'http'],
  releases: ['core', 'kube', 'doors', 'controller'],
  dashboard: ['core', 'kube', 'http', 'doors', 'controller', 'releases'],
  cli: [
    ...['core', 'kube', 'http', 'doors', 'controller', 'server', 'local'],
    ...['releases', 'dashboard'],
  ],
}

/** Every import of a file as a path from the root; packages as they are written. */
function importsOf(path: string): readonly string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(path, 'utf8'), true, true)
  return importedFiles.map(({ fileName: target }) => {
    if (target.startsWith('#')) return `src/${target.slice(1)}`
    return target.startsWith('.') ? relative('.', resolve(dirname(path), target)) : target
  })
}

function wrongImports(path: string): readonly string[] {
  const folder = path.split('/')[1] ?? ''
  const allowed = [folder, ...(mayImport[folder] ?? [])]
  return importsOf(path)
    .filter(
      (target) => target.startsWith('src/') || (folder === 'core' && !target.startsWith('src/')),
    )
    .filter(
      (target) =>
        !allowed.some((name) => target.startsWith(`src/${name}/`) || target === `src/${name}.ts`),
    )
    .map((target) => `${path} imports ${target}`)
}

/** Words that core must not contain outside comments and texts: clocks, chance, waiting, and code from strings. */
const muteWords =
  /\b(Date\s*[.(]|new Date|Math\.random|Promise|async\s|await\s|setTimeout|setInterval|process\.|console\.|fetch\(|new Function|eval\()/

function spokenIn(path: string): readonly string[] {
  const code = readFileSync(path, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'[^'\n]*'|`[^`]*`/g, "''")
  return code
    .split('\n')
    .flatMap((line, index) => (muteWords.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : []))
}

describe('borders', () => {
  test('every folder imports only what the map allows', () => {
    expect(products.flatMap(wrongImports)).toEqual([])
  })

  test('no door imports another door', () => {
    const wrong = products
      .filter((path) => path.startsWith('src/doors/'))
      .flatMap((path) => {
        const own = path.split('/')[2] ?? ''
        return importsOf(path).filter(
          (target) =>
            /^src\/doors\/\w+\//.test(target) &&
            !target.startsWith(`src/doors/${own}/`) &&
            !/^src\/doors\/(register|faces)\.ts$/.test(path),
        )
      })
    expect(wrong).toEqual([])
  })

  test('the page of the dashboard shares with its server what wire.ts says, and nothing else', () => {
    const page = 'src/dashboard/web/'
    const packages = /^(preact|preact\/hooks|@preact\/signals|uplot)$/
    const wrong = products.flatMap((path) =>
      importsOf(path)
        .filter((target) =>
          path.startsWith(page)
            ? !target.startsWith(page) &&
              target !== 'src/dashboard/wire.ts' &&
              !packages.test(target)
            : target.startsWith(page),
        )
        .map((target) => `${path} imports ${target}`),
    )
    expect(products.filter((path) => path.startsWith(page)).length).toBeGreaterThan(30)
    expect(wrong).toEqual([])
  })

  test('core says nothing of clocks, chance, waiting or the outside', () => {
    const core = products.filter((path) => path.startsWith('src/core/'))
    expect(core.length).toBeGreaterThan(30)
    expect(core.flatMap(spokenIn)).toEqual([])
  })
})

describe('the catch itself', () => {
  const planted = 'src/core/planted-violation.ts'
  const plant = (text: string): void => writeFileSync(planted, text)
  const compile = (): string => {
    writeCoreLib()
    try {
      execFileSync('node_modules/.bin/tsc', ['-p', 'src/core'], { encoding: 'utf8' })
      return ''
    } catch (error) {
      return String((error as { stdout?: string }).stdout)
    } finally {
      rmSync(planted)
    }
  }

  const violations = [
    ['a clock', 'export const a = Date.now()', "Cannot find name 'Date'"],
    ['chance', 'export const a = Math.random()', "'random' does not exist"],
    ['a promise', 'export const a = new Promise(() => 1)', "Cannot find name 'Promise'"],
    ['waiting', 'export async function a() { return 1 }', "Cannot find global type 'Promise'"],
    ['a timer', 'setTimeout(() => 1, 1)', "Cannot find name 'setTimeout'"],
    ['the console', "console.log('a')", "Cannot find name 'console'"],
    ['a module of Node', "import 'node:fs'", 'node:fs'],
  ] as const

  for (const [name, text, complaint] of violations) {
    test(`the compiler refuses ${name} in core`, () => {
      plant(`${text}\nexport {}\n`)
      expect(compile()).toContain(complaint)
    })
  }

  test('this test notices a wrong import and a spoken clock', () => {
    plant("import '#kube/ports.ts'\nexport const a = new Date()\n")
    try {
      expect(wrongImports(planted)).toHaveLength(1)
      expect(spokenIn(planted)).toHaveLength(1)
    } finally {
      rmSync(planted)
    }
  })
})

describe('sizes and words', () => {
  test('no file has more than 400 lines, tests and data aside', () => {
    const long = products
      .map((path) => [path, readFileSync(path, 'utf8').split('\n').length] as const)
      .filter(([, lines]) => lines > 400)
    expect(long).toEqual([])
  })

  test('every file begins by saying what it is for', () => {
    const silent = products.filter((path) => !/^(#!.*\n)?\/\*\*/.test(readFileSync(path, 'utf8')))
    expect(silent).toEqual([])
  })

  test('no file or folder has a name that means nothing', () => {
    expect(
      sources.filter((path) => /\/(utils?|helpers?|managers?|common|misc)(\.tsx?|\/)/i.test(path)),
    ).toEqual([])
  })

  test('nothing is exported as default', () => {
    expect(products.filter((path) => /^export default/m.test(readFileSync(path, 'utf8')))).toEqual(
      [],
    )
  })
})

describe('docs', () => {
  test('every reason has a section in docs/reasons.md, and every section a reason', () => {
    const page = readFileSync('docs/reasons.md', 'utf8')
    const sections = [...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name)
    expect(sections.toSorted()).toEqual(Object.keys(reasons).toSorted())
  })

  test('every runtime dependency has its sentence in docs/dependencies.md, and there are at most 15', () => {
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>
    }
    const page = readFileSync('docs/dependencies.md', 'utf8')
    expect(Object.keys(dependencies).filter((name) => !page.includes(`\`${name}\``))).toEqual([])
    expect(Object.keys(dependencies).length).toBeLessThanOrEqual(15)
  })

  test('the lockfile names no registry host', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved": "http/)
  })

  test('links between pages lead somewhere', () => {
    const pages = globSync('{*.md,docs/**/*.md,examples/**/*.md}')
    const broken = pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
        .map(([, target = '']) => resolve(dirname(page), target))
        .filter((target) => !existsSync(target))
        .map((target) => `${page} → ${relative('.', target)}`),
    )
    expect(broken).toEqual([])
  })
})
