/** The programs of a real control plane: found ready-made, or built with Go and kept outside the tree. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kubectl'

/** Where each program is. */
export type Binaries = Readonly<Record<Program, string>>

const version = 'v1.34.4'
const moduleFolder = fileURLToPath(new URL('../../../test/cluster', import.meta.url))
const packages: Binaries = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
}
const programs = Object.keys(packages) as Program[]

const flags = [
  '-trimpath',
  `-ldflags=${[
    '-s -w',
    // Without a version of its own a server calls itself v0.0.0, and clients complain.
    ...['component-base/version', 'client-go/pkg/version'].flatMap((path) => [
      `-X k8s.io/${path}.gitVersion=${version}`,
      `-X k8s.io/${path}.gitMajor=1`,
      `-X k8s.io/${path}.gitMinor=34`,
    ]),
  ].join(' ')}`,
]

type Environment = Readonly<Record<string, string | undefined>>

/** The folder of what is built from a Go module: another one for other sources or flags. */
export function cacheFolder(folder: string, env: Environment = process.env): string {
  const hash = createHash('sha256').update(flags.join(' '))
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(folder, file)))
  const home = env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(home, 'headgate', `cluster-${hash.digest('hex').slice(0, 12)}`)
}

/**
 * The programs, built where they are missing; `tell` hears of what takes long.
 * @throws Error when something is missing and there is no Go to build it with.
 */
export async function findBinaries(
  tell: (line: string) => void,
  env: Environment = process.env,
): Promise<Binaries> {
  const found: Partial<Record<Program, string>> = {}
  for (const program of programs) found[program] = await findProgram(program, tell, env)
  return found as Binaries
}

/** One of them. @throws Error when it is missing and there is no Go to build it with. */
export async function findProgram(
  program: Program,
  tell: (line: string) => void,
  env: Environment = process.env,
): Promise<string> {
  if (!existsSync(join(moduleFolder, 'go.mod'))) {
    throw new Error(
      'a real control plane is built from the source tree of Headgate; run this command there',
    )
  }
  const into = cacheFolder(moduleFolder, env)
  return (
    ready(env['KUBEBUILDER_ASSETS'], program) ??
    ready(into, program) ??
    build({ folder: moduleFolder, into, program, path: packages[program] }, tell)
  )
}

function ready(folder: string | undefined, program: string): string | undefined {
  if (folder === undefined || folder === '') return undefined
  const path = join(folder, program)
  return existsSync(path) ? path : undefined
}

export type Wanted = {
  /** Of the Go module. */
  readonly folder: string
  readonly into: string
  readonly program: string
  /** Of the Go package. */
  readonly path: string
}

/** Builds one program and answers with its path. @throws Error when Go is missing or fails. */
export async function build(
  { folder, into, program, path }: Wanted,
  tell: (line: string) => void,
): Promise<string> {
  const go = await findGo(process.env)
  if (go === undefined) {
    throw new Error(
      `${program} is not on this machine: install Go (1.24 or newer) so that it can be built, or name a folder that has it in KUBEBUILDER_ASSETS`,
    )
  }
  mkdirSync(into, { recursive: true })
  const started = performance.now()
  tell(`building ${program} (minutes the first time)`)
  const target = join(into, program)
  // Under its name only when it is whole: whoever stops a build must not leave half a program.
  const draft = `${target}.${process.pid}`
  await run(go, ['build', ...flags, '-o', draft, path], folder)
  renameSync(draft, target)
  tell(`built ${program} in ${Math.round((performance.now() - started) / 1000)} s`)
  return target
}

/** The path of the Go program, where there is one. */
export async function findGo(env: Environment): Promise<string | undefined> {
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/local/go/bin']
  for (const folder of folders.filter((text) => text !== '')) {
    const path = join(folder, 'go')
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}

function run(program: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, GOTOOLCHAIN: process.env['GOTOOLCHAIN'] ?? 'local', GOFLAGS: '' },
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${program} ${args.slice(-1).join(' ')} ended with code ${code}`))
    })
  })
}
