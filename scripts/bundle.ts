/**
 * Makes `dist/`: the command line as plain JavaScript, with all it needs, ready to be packed. `headgate.js` is what
 * people run; each command's own part lies in `chunks/` and is read only when that command is, so that a controller
 * holds nothing of the local cluster. The same sources give the same bytes.
 */
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type OutputChunk, type Plugin, rolldown } from 'rolldown'
import { writeDashboard } from './dashboard.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)

/**
 * Of these packages the main file loads far more than is used: the HTTP client brings a browser's API, a cache and
 * mocks, the metrics a cluster mode and a push gateway. Together that is 15 MiB of a controller's memory.
 */
const lean: Readonly<Record<string, string>> = {
  undici: `
    const Dispatcher = require('undici/lib/dispatcher/dispatcher.js')
    const api = require('undici/lib/api/index.js')
    Object.assign(Dispatcher.prototype, { request: api.request, upgrade: api.upgrade })
    exports.Agent = require('undici/lib/dispatcher/agent.js')
    exports.ProxyAgent = require('undici/lib/dispatcher/proxy-agent.js')
    exports.buildConnector = require('undici/lib/core/connect.js')
    exports.request = (url, { dispatcher, ...options }) => {
      const { origin, pathname, search } = new URL(url)
      return dispatcher.request({ ...options, origin, path: pathname + search })
    }`,
  'prom-client': `
    exports.Registry = require('prom-client/lib/registry.js')
    exports.Counter = require('prom-client/lib/counter.js')
    exports.Gauge = require('prom-client/lib/gauge.js')
    exports.Histogram = require('prom-client/lib/histogram.js')`,
}

const leanEntries: Plugin = {
  name: 'lean-entries',
  resolveId: (source) => (Object.hasOwn(lean, source) ? `\0lean:${source}.cjs` : null),
  load: (id) => {
    const name = /^\0lean:(.*)\.cjs$/.exec(id)?.[1]
    return name === undefined ? null : (lean[name] ?? null)
  },
}

/** A package that is loaded late through `createRequire` has to come along all the same. */
const lateRequires: Plugin = {
  name: 'late-requires',
  transform: (code, id) => {
    if (!id.startsWith(join(root, 'src')) || !code.includes('createRequire')) return null
    const plain = code
      .replace(/^import \{ createRequire \} from 'node:module'$/m, '')
      .replace(/^\s*const require = createRequire\(import\.meta\.url\)$/m, '')
      .replaceAll('createRequire(import.meta.url)(', 'require(')
    if (plain.includes('createRequire'))
      throw new Error(`${id} requires in a way that the bundle cannot follow`)
    return plain
  },
}

/** A single letter beyond Latin-1 would make the engine keep two bytes for each letter of the file. */
const asciiOnly: Plugin = {
  name: 'ascii-only',
  generateBundle: (_options, bundle) => {
    for (const part of Object.values(bundle))
      if (part.type === 'chunk') part.code = part.code.replace(/[^\0-\x7f]/g, escaped)
  },
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Read by path at run time: beside a chunk they lie as they do beside their source. */
const dataFolders: Readonly<Record<string, string>> = {
  'src/local/api-server/data': 'data',
  'src/local/crds': 'crds',
}

/** Large, and read by `local/data-file.ts`. */
const packed = new Set([
  ...['descriptions.json', 'schemas.json', 'rbac.json', 'protobuf.json'],
  ...['gateway-api.json', 'istio.json'],
])

/** Writes the bundle into a folder, which is emptied first. Returns the names of its code files. */
export async function writeBundle(folder: string): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true })
  const build = await rolldown({
    cwd: root,
    platform: 'node',
    input: {
      headgate: join(root, 'src/cli/main.ts'),
      // The pods of the local cluster are processes of their own.
      'sample-app/main': join(root, 'src/local/sample-app/main.ts'),
    },
    plugins: [leanEntries, lateRequires, asciiOnly],
  })
  const { output } = await build.write({
    dir: folder,
    // As CommonJS, Node reads of its own modules what is used; an import reads every member, the costly ones too.
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    // Names stay, so that a stack trace can be read.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  })
  await build.close()
  for (const [from, to] of Object.entries(dataFolders)) copyData(from, join(folder, to))
  await writeDashboard(join(folder, 'dashboard'))
  writeManifest(folder)
  chmodSync(join(folder, 'headgate.js'), 0o755)
  return output.filter((part): part is OutputChunk => part.type === 'chunk').map(nameOf)
}

function nameOf({ fileName }: OutputChunk): string {
  return fileName
}

function copyData(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const file of globSync('*.json', { cwd: join(root, from) })) {
    const value: unknown = JSON.parse(readFileSync(join(root, from, file), 'utf8'))
    const text = JSON.stringify(value)
    if (packed.has(file)) writeFileSync(join(to, `${file}.gz`), gzipSync(text, { level: 9 }))
    else writeFileSync(join(to, file), text)
  }
}

/** The program looks at the name that it was called by. */
function writeManifest(folder: string): void {
  const { name, version, description, license, engines } = require('../package.json') as Readonly<
    Record<string, unknown>
  >
  const manifest = { name, version, description, license, engines, type: 'commonjs' }
  const names = ['headgate', 'kubectl-headgate', 'kubectl_complete-headgate']
  const bin = Object.fromEntries(names.map((name) => [name, 'headgate.js']))
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...manifest, bin }, null, 2)}\n`)
  for (const file of ['LICENSE', 'README.md']) cpSync(join(root, file), join(folder, file))
}

if (import.meta.main) await writeBundle(process.argv[2] ?? join(root, 'dist'))
