/** What variants run: asked of Superposition, made into pod templates; what is wrong is told as one sentence. */
import { kinds } from '#core/k8s/kinds.ts'
import type { PodTemplate, Workload } from '#core/k8s/workloads.ts'
import type { Cluster } from '#kube/cluster.ts'
import { readConfig } from './config.ts'
import { serviceLabel, variantAnnotation } from './names.ts'
import type { Source } from './plan.ts'
import type { Place, Resolved } from './release.ts'
import type { Settings } from './settings.ts'
import { type SuperpositionApi, Unresolved } from './superposition-api.ts'
import { podTemplateOf } from './templates.ts'

export type Variants = {
  /** @throws Unresolved with a sentence that holds no value of the configuration. */
  readonly resolved: (place: Place, source: Source) => Promise<Resolved>
}

export function variantsFrom(
  api: SuperpositionApi,
  cluster: Pick<Cluster, 'get'>,
  { templates }: Pick<Settings, 'templates'>,
): Variants {
  return {
    resolved: async (place, source) => {
      const { copied } = source
      if (copied !== undefined) {
        const at = { namespace: place.namespace, name: copied }
        return copiedFrom(place, await cluster.get<Workload>(kinds.deployment, at))
      }
      const config = await api.resolve(source)
      const result = readConfig(config)
      if (result.kind === 'problems')
        throw new Unresolved(
          `the configuration of ${source.id} cannot be deployed: ${result.problems.join('; ')}`,
        )
      const { deployable } = result
      const template = podTemplateOf(templates, { ...place, variant: source, deployable })
      return { template, replicas: deployable.replicas }
    },
  }
}

/** A Deployment of people as the first stable of its service. */
export function copiedFrom({ service }: Place, { metadata, spec }: Workload): Resolved {
  const { metadata: own = {}, spec: pods } = spec.template
  const labels = { ...own.labels, [serviceLabel]: service }
  const annotations = { ...own.annotations, [variantAnnotation]: metadata.name }
  return {
    template: { metadata: { ...own, labels, annotations }, spec: pods },
    replicas: spec.replicas ?? 1,
  }
}

/** The port that the main Service leads to. */
export function portOf({ spec }: PodTemplate): number {
  return spec.containers[0]?.ports?.[0]?.containerPort ?? 80
}
