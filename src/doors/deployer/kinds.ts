/** The records of the deployer door as they stand in the cluster. */
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Descriptor } from './descriptor.ts'

export const group = 'deployer.headgate.dev'
export const recordVersion = `${group}/v1alpha1`

const kind = (name: string, plural: string): Kind => ({
  group,
  version: 'v1alpha1',
  kind: name,
  plural,
  namespaced: true,
})

export const descriptorKind = kind('Descriptor', 'descriptors')
export const deploymentKind = kind('AppDeployment', 'appdeployments')
export const logKind = kind('DeploymentLog', 'deploymentlogs')

/** The record's name is the descriptor's id; its namespace is the descriptor's. Times are RFC 3339 text. */
export type DescriptorRecord = KubeObject & {
  readonly spec: {
    readonly appName: string
    readonly created: string
    readonly lastModified: string
    readonly descriptor: Descriptor
  }
}

export const statuses = ['DEPLOYING', 'DEPLOYED', 'UNDEPLOYING', 'UNDEPLOYED', 'FAILURE'] as const
export type Status = (typeof statuses)[number]

/** How far a deployment came; see work/deploy.ts. */
export const stages = ['starting', 'pods', 'route', 'switch', 'failing', 'undeploying'] as const
export type Stage = (typeof stages)[number]

export type PodHealth = { readonly podName: string; readonly value: string }

export type DeploymentStatus = {
  readonly status: Status
  readonly version?: string
  readonly lastModified: string
  readonly stage?: Stage
  /** When the stage began. */
  readonly since?: string
  /** Why it fails, while it is cleaned up. */
  readonly failure?: string
  readonly health?: readonly PodHealth[]
}

/** What the API asks for goes into spec; what came of it into status, which the leader alone writes. */
export type DeploymentRecord = KubeObject & {
  readonly spec: {
    readonly appName: string
    readonly created: string
    readonly descriptor: Descriptor
    readonly undeploy?: { readonly at: string; readonly deleteRecord: boolean }
  }
  readonly status?: DeploymentStatus
}

/** A part of a deployment's log: whole lines, each with its time; `index` orders the parts. */
export type LogChunk = KubeObject & {
  readonly spec: {
    readonly deployment: string
    readonly index: number
    readonly lines: readonly string[]
  }
}
