/**
 * Conversion between the versions of a Rollout. Both say the same with the same fields, so that nothing is lost either
 * way; towards v1beta1 the three defaults that KULTA stated are written out where nothing else is.
 */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Conversion } from '../door.ts'
import { group, type RolloutSpec, versions } from './rollout.ts'

const defaults = { maxSurge: '25%', maxUnavailable: '0', progressDeadlineSeconds: 600 } as const

export const convertRollout: Conversion = (object, apiVersion) => {
  const known = versions.map((version) => `${group}/${version}`)
  const [given, wanted] = [known.indexOf(object.apiVersion), known.indexOf(apiVersion)]
  if (object.kind !== 'Rollout')
    return { kind: 'problem', message: `${object.kind} is no Rollout; only Rollouts are converted` }
  for (const [index, version] of [
    [given, object.apiVersion],
    [wanted, apiVersion],
  ] as const) {
    if (index < 0)
      return {
        kind: 'problem',
        message: `the version ${version} of Rollout is unknown; there are ${known.join(' and ')}`,
      }
  }
  if (given === wanted) return { kind: 'converted', object }
  return { kind: 'converted', object: moved(object, apiVersion, wanted > given) }
}

function moved(object: KubeObject, apiVersion: string, up: boolean): KubeObject {
  const { spec } = object as KubeObject & { readonly spec?: RolloutSpec }
  if (!up || typeof spec !== 'object' || spec === null) return { ...object, apiVersion }
  const missing = Object.entries(defaults).filter(
    ([field]) => spec[field as keyof typeof defaults] === undefined,
  )
  return { ...object, apiVersion, spec: { ...spec, ...Object.fromEntries(missing) } } as KubeObject
}
