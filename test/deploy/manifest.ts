/** Manifests as tests read them: plain data, however they were rendered. */
import { parseAllDocuments } from 'yaml'
import type { PolicyRule } from '../../src/cli/rbac.ts'

export type Manifest = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly rules?: readonly PolicyRule[]
  readonly roleRef?: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly {
    readonly kind: string
    readonly name: string
    readonly namespace?: string
  }[]
  readonly spec?: unknown
}

export type Container = {
  readonly name: string
  readonly image: string
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly ports?: readonly {
    readonly name?: string
    readonly containerPort: number
    readonly hostPort?: number
  }[]
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string>>
    readonly limits?: Readonly<Record<string, string>>
  }
  readonly securityContext?: SecurityContext
}

export type SecurityContext = {
  readonly allowPrivilegeEscalation?: boolean
  readonly privileged?: boolean
  readonly readOnlyRootFilesystem?: boolean
  readonly runAsNonRoot?: boolean
  readonly runAsUser?: number
  readonly procMount?: string
  readonly seccompProfile?: { readonly type?: string }
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
}

export type PodSpec = {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly serviceAccountName?: string
  readonly securityContext?: SecurityContext & { readonly sysctls?: readonly object[] }
  readonly volumes?: readonly Readonly<Record<string, unknown>>[]
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
}

/** Documents without content are left out. */
export function manifestsOf(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [problem] = document.errors
    if (problem !== undefined) throw problem
    const value: unknown = document.toJS()
    return value === null ? [] : [value as Manifest]
  })
}

export function ofKind(all: readonly Manifest[], ...kinds: readonly string[]): readonly Manifest[] {
  return all.filter(({ kind }) => kinds.includes(kind))
}

/** The pod of a Deployment; undefined for what has none. */
export function podOf({ kind, spec }: Manifest): PodSpec | undefined {
  if (kind !== 'Deployment') return undefined
  return (spec as { readonly template: { readonly spec: PodSpec } }).template.spec
}

/** `kind namespace/name`, as people tell objects apart. */
export function nameOf({ kind, metadata: { namespace, name } }: Manifest): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}
