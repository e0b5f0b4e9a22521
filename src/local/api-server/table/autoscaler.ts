/** What an autoscaler aims at and where it is, in a cell: `cpu: 40%/80%, 3/10 (avg)`. */
import { asNumber, asObject, asString, at, type Obj, objectsOf } from '#core/schema/json.ts'
import type { Stored } from '../resource.ts'

const unknown = '<unknown>'
const shownMost = 2

export function autoscalerTargets(object: Stored): string {
  const metrics = objectsOf(at(object, 'spec', 'metrics'))
  if (metrics.length === 0) return '<none>'
  const current = objectsOf(at(object, 'status', 'currentMetrics'))
  const texts = metrics.map((metric, index) => metricText(metric, current[index]))
  if (texts.length <= shownMost) return texts.join(', ')
  return `${texts.slice(0, shownMost).join(', ')} + ${texts.length - shownMost} more...`
}

const members: Readonly<Record<string, string>> = {
  External: 'external',
  Pods: 'pods',
  Object: 'object',
  Resource: 'resource',
  ContainerResource: 'containerResource',
}

function metricText(metric: Obj, status: Obj | undefined): string {
  const member = members[String(metric.type)]
  if (member === undefined) return '<unknown type>'
  const source = asObject(metric[member]) ?? {}
  const target = asObject(source.target) ?? {}
  const current = asObject(asObject(status?.[member])?.current) ?? {}
  const isResource = member === 'resource' || member === 'containerResource'
  const name = isResource ? `${String(source.name)}: ` : ''
  return `${name}${pairText(member, isResource, target, current)}`
}

function pairText(member: string, isResource: boolean, target: Obj, current: Obj): string {
  const average = asString(target.averageValue)
  if (average !== undefined) {
    const shown = `${asString(current.averageValue) ?? unknown}/${average}`
    return member === 'external' || member === 'object' ? `${shown} (avg)` : shown
  }
  if (isResource) {
    const percent = asNumber(current.averageUtilization)
    const now = percent === undefined ? unknown : `${percent}%`
    const wanted = asNumber(target.averageUtilization)
    return `${now}/${wanted === undefined ? '<auto>' : `${wanted}%`}`
  }
  return `${asString(current.value) ?? unknown}/${asString(target.value) ?? '<auto>'}`
}
