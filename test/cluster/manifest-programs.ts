/** Programs that read our manifests: Helm and kubeconform, built with Go from a module of their own. */
import { fileURLToPath } from 'node:url'
import { findGoProgram } from './go-program.ts'

export type ManifestPrograms = { readonly helm: string; readonly kubeconform: string }

const folder = fileURLToPath(new URL('./manifests', import.meta.url))
const packages: ManifestPrograms = {
  helm: 'helm.sh/helm/v4/cmd/helm',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform',
}

/** Built where they are missing; `tell` hears of what takes long. @throws Error when there is no Go to build them with. */
export async function findManifestPrograms(
  tell: (line: string) => void,
): Promise<ManifestPrograms> {
  const find = (program: keyof ManifestPrograms): Promise<string> =>
    findGoProgram({ folder, program, path: packages[program] }, tell)
  return { helm: await find('helm'), kubeconform: await find('kubeconform') }
}
