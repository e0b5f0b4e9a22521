/** `node scripts/deploy.ts`: writes what is made from code under deploy/. What it has written before and no longer does, goes. */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { argocd } from './deploy/argocd.ts'
import { chart } from './deploy/chart.ts'
import { crdFiles } from './deploy/crds.ts'
import type { Files } from './deploy/files.ts'
import { kustomize } from './deploy/kustomize.ts'
import { root } from './deploy/names.ts'
import { originalFiles } from './deploy/originals.ts'

/** Everything, by paths from the root. */
export function generated(): Files {
  return { ...crdFiles(), ...kustomize(), ...originalFiles(), ...chart(), ...argocd() }
}

/** Folders in which nobody else writes. */
const ownFolders = ['deploy/crds', 'deploy/kustomize', 'deploy/helm/headgate/files']

/** Paths in those folders that nothing makes. */
export function strangers(files: Files): readonly string[] {
  const found = ownFolders.flatMap((folder) => globSync(`${folder}/**/*.*`, { cwd: root }))
  return found.filter((path) => files[path] === undefined)
}

/** What differs from what is there. */
export function stale(files: Files): readonly string[] {
  return Object.entries(files).flatMap(([path, text]) => {
    const at = join(root, path)
    return existsSync(at) && readFileSync(at, 'utf8') === text ? [] : [path]
  })
}

if (import.meta.main) {
  const files = generated()
  for (const path of strangers(files)) rmSync(join(root, path))
  for (const path of stale(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), files[path] ?? '')
    process.stdout.write(`${path}\n`)
  }
}
