/** Names that Kubernetes takes, from ids that know no such limits. What it takes already stays as it is. */
import { shortHash } from '#core/hash.ts'

const hashLength = 11

/**
 * A DNS label of at most `most` characters. A text that had to be changed gets a short hash of itself, so that two texts
 * never share a name.
 */
function labelOf(text: string, most: number): string {
  if (text.length <= most && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)) return text
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, most - hashLength)
    .replace(/-+$/, '')
  return plain === '' ? `x-${shortHash(text).slice(0, 8)}` : `${plain}-${shortHash(text)}`
}

/** A label value is as long as this; so are our names, which are label values too. */
const longest = 63
/** Kubernetes cuts names of pods there; what their Deployment is called must stay whole in them. */
const longestDeployment = 57
/** Leaves room for a variant: an experiment's id and five characters more. */
const longestService = 28

/** The name of a workspace's service. */
export function serviceName(workspace: string): string {
  return labelOf(workspace, longestService)
}

/** The name of a variant in the names of its service's objects, all of which are short enough then. */
export function variantName(service: string, id: string): string {
  return labelOf(id, longestDeployment - `${service}-dep-`.length)
}

/** What the door's objects are called; `{service}` and `{variant}` stand for theirs. */
export type Patterns = {
  readonly mainService: string
  readonly mainIngress: string
  readonly host: string
}

export const documented: Patterns = {
  mainService: '{service}-service',
  mainIngress: '{service}-ingress',
  host: '{service}.{namespace}',
}

export function filled(pattern: string, words: Readonly<Record<string, string>>): string {
  return pattern.replace(/\{(\w+)\}/g, (all, word: string) =>
    Object.hasOwn(words, word) ? (words[word] ?? all) : all,
  )
}

/** The organisation that the document's own requests name. */
export const usualOrganisation = 'localorg'

/** The name of an experiment's record: readable, and never shared by two experiments of one namespace. */
export function recordName(of: {
  readonly organisation: string
  readonly workspace: string
  readonly experiment: string
}): string {
  const { organisation, workspace, experiment } = of
  const service = serviceName(workspace)
  const own = `${service}-${labelOf(experiment, longest - service.length - 1)}`
  if (organisation === usualOrganisation) return own
  const hash = shortHash([organisation, workspace, experiment])
  return `${own.slice(0, longest - hashLength).replace(/-+$/, '')}-${hash}`
}

/** On records and releases: the service they belong to. */
export const serviceLabel = 'superposition.headgate.dev/service'
/** On Releases: the door whose they are. */
export const doorLabel = 'headgate.dev/door'
export const doorName = 'superposition'
/** On pods: the variant's own id. */
export const variantAnnotation = 'superposition.headgate.dev/variant'
