/**
 * Builds the dashboard's page into `dist/dashboard/`: `index.html`, and under `assets/` its code, its look and its icon,
 * named by what is in them, so that a browser may keep them for good. The same sources give the same bytes.
 */
import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const web = join(root, 'src/dashboard/web')
const require = createRequire(import.meta.url)

/** Writes the page into a folder, which is emptied first. */
export async function writeDashboard(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'assets'), { recursive: true })
  const assets = {
    'page.js': named('headgate.js', await script()),
    'page.css': named('headgate.css', look()),
    'icon.svg': named('icon.svg', readFileSync(join(web, 'icon.svg'), 'utf8')),
  }
  let page = readFileSync(join(web, 'index.html'), 'utf8')
  for (const [written, { path, text }] of Object.entries(assets)) {
    writeFileSync(join(folder, path), text)
    if (!page.includes(`"${written}"`)) throw new Error(`index.html does not name ${written}`)
    page = page.replace(`"${written}"`, `"/${path}"`)
  }
  writeFileSync(join(folder, 'index.html'), page)
}

type Asset = { readonly path: string; readonly text: string }

function named(name: string, text: string): Asset {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 10)
  return { path: `assets/${name.replace('.', `-${hash}.`)}`, text }
}

async function script(): Promise<string> {
  const build = await rolldown({
    cwd: root,
    platform: 'browser',
    input: join(web, 'main.tsx'),
    tsconfig: join(web, 'tsconfig.json'),
  })
  const { output } = await build.generate({ format: 'es', minify: true, codeSplitting: false })
  await build.close()
  const [{ code }, ...others] = output
  if (others.length > 0) throw new Error('the page is more than one file')
  // As all code of the package: whatever it is served as, it means the same.
  return code.replace(/[^\0-\x7f]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** The chart's own look, then ours in the order of the files' names. */
function look(): string {
  const own = globSync('styles/*.css', { cwd: web })
    .sort()
    .map((file) => join(web, file))
  return [require.resolve('uplot/dist/uPlot.min.css'), ...own]
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\n\s*/g, '\n')
    .replace(/\n+/g, '\n')
}

if (import.meta.main) await writeDashboard(process.argv[2] ?? join(root, 'dist/dashboard'))
