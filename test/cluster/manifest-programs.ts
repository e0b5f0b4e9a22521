/** Programs that read our manifests: Helm and kubeconform, built with Go from a module of their own. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, cacheFolder } from '../../src/cli/local/binaries.ts'

export type ManifestPrograms = { readonly helm: string; readonly kubeconform: string }

const module = fileURLToPath(new URL('./manifests', import.meta.url))
const packages: ManifestPrograms = {
  helm: 'helm.sh/helm/v4/cmd/helm',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform',
}

/** Built where they are missing; `tell` hears of what takes long. @throws Error when there is no Go to build them with. */
export async function findManifestPrograms(
  tell: (line: string) => void,
): Promise<ManifestPrograms> {
  const into = cacheFolder(module)
  const find = async (program: keyof ManifestPrograms): Promise<string> => {
    const path = join(into, program)
    if (existsSync(path)) return path
    return build({ folder: module, into, program, path: packages[program] }, tell)
  }
  return { helm: await find('helm'), kubeconform: await find('kubeconform') }
}
