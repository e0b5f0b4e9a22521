/** Names, labels and annotations of what the deployer door makes. */
import type { Labels } from '#core/k8s/meta.ts'

export const labels = {
  /** On all that comes through this door, also pods. */
  door: 'headgate.dev/door',
  /** On records: the application. */
  app: 'deployer.headgate.dev/app',
  /** On parts of a log: the deployment. */
  deployment: 'deployer.headgate.dev/deployment',
} as const

export const annotations = {
  /** On a Release: the deployment that it was written for. */
  deployment: 'deployer.headgate.dev/deployment',
  /** On a Release: the spec as it was written, so that edits by hand are seen and taken back. */
  asked: 'deployer.headgate.dev/asked',
  /** On a Release: the spec that served before, to return to. */
  serving: 'deployer.headgate.dev/serving',
  /** On a route: what it said before the present deployment. */
  before: 'deployer.headgate.dev/before',
  /** On records of the original's: what they brought up is not ours to take down. */
  imported: 'deployer.headgate.dev/imported',
} as const

const doorName = 'deployer'
export const ofDoor: Labels = { [labels.door]: doorName }
export const doorSelector = `${labels.door}=${doorName}`

/** A selector key that no pod has: the Service of a first deployment leads nowhere until its pods are found healthy. */
export const held = 'deployer.headgate.dev/held'

/** A17, A44: lower case, dots and underscores to dashes. */
export function plainName(text: string): string {
  return text.toLowerCase().replace(/[._]/g, '-')
}

/** A40: the Service and the workload of one version. */
export function versionedName(appName: string, version: string): string {
  return `${appName}-${version}`
}

/** ConfigMap in each namespace with the highest number that each application has had. */
export const countersName = 'headgate-deployer-versions'

/** The Secret that keeps the password of a descriptor. */
export function passwordName(descriptorId: string): string {
  return `headgate-descriptor-${descriptorId}`
}
