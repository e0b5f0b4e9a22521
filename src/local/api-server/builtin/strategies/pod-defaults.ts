/** What a server fills into a pod, wherever a pod is described: in a Pod or in a template. */
import {
  asArray,
  asObject,
  asString,
  child,
  isObject,
  type Obj,
  objectsOf,
  type Value,
} from '#core/schema/json.ts'

/** Fills an absent field. Zero values of Go (`''`, 0) count as absent where a server treats them so. */
export function fill(object: Obj, field: string, value: Value): void {
  const known = object[field]
  if (known === undefined || known === null || known === '') object[field] = value
}

/** `spec` of a pod or of a pod template. */
export function defaultPodSpec(spec: Obj): void {
  fill(spec, 'dnsPolicy', 'ClusterFirst')
  fill(spec, 'restartPolicy', 'Always')
  fill(spec, 'schedulerName', 'default-scheduler')
  fill(spec, 'terminationGracePeriodSeconds', 30)
  fill(spec, 'securityContext', {})
  // The old name of the account follows the new one, and the other way round.
  const account = asString(spec.serviceAccountName) ?? asString(spec.serviceAccount)
  if (account !== undefined && account !== '') {
    if (spec.serviceAccountName !== account) spec.serviceAccountName = account
    if (spec.serviceAccount !== account) spec.serviceAccount = account
  }
  for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
    for (const container of objectsOf(spec[list])) {
      defaultContainer(container)
      if (spec.hostNetwork === true) hostPorts(container)
    }
  }
  for (const volume of objectsOf(spec.volumes)) defaultVolume(volume)
}

function hostPorts(container: Obj): void {
  for (const port of objectsOf(container.ports)) fill(port, 'hostPort', port.containerPort ?? 0)
}

function defaultContainer(container: Obj): void {
  const image = asString(container.image) ?? ''
  fill(container, 'imagePullPolicy', tagOf(image) === 'latest' ? 'Always' : 'IfNotPresent')
  fill(container, 'terminationMessagePath', '/dev/termination-log')
  fill(container, 'terminationMessagePolicy', 'File')
  for (const port of objectsOf(container.ports)) fill(port, 'protocol', 'TCP')
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = asObject(container[name])
    if (probe !== undefined) defaultProbe(probe)
  }
  for (const hook of ['postStart', 'preStop']) {
    const get = asObject(asObject(asObject(container.lifecycle)?.[hook])?.httpGet)
    if (get !== undefined) defaultHttpGet(get)
  }
  for (const variable of objectsOf(container.env)) {
    const field = asObject(asObject(variable.valueFrom)?.fieldRef)
    if (field !== undefined) fill(field, 'apiVersion', 'v1')
  }
}

function tagOf(image: string): string {
  if (image.includes('@')) return ''
  const last = image.slice(image.lastIndexOf('/') + 1)
  const colon = last.indexOf(':')
  return colon === -1 ? 'latest' : last.slice(colon + 1)
}

function defaultProbe(probe: Obj): void {
  const positive = (field: string, value: number): void => {
    if (probe[field] === undefined || probe[field] === 0) probe[field] = value
  }
  positive('timeoutSeconds', 1)
  positive('periodSeconds', 10)
  positive('successThreshold', 1)
  positive('failureThreshold', 3)
  const get = asObject(probe.httpGet)
  if (get !== undefined) defaultHttpGet(get)
  const grpc = asObject(probe.grpc)
  if (grpc !== undefined) grpc.service ??= ''
}

function defaultHttpGet(get: Obj): void {
  fill(get, 'path', '/')
  fill(get, 'scheme', 'HTTP')
}

function defaultVolume(volume: Obj): void {
  const sources = Object.keys(volume).filter((field) => field !== 'name')
  if (sources.length === 0) volume.emptyDir = {}
  for (const name of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const source = asObject(volume[name])
    if (source !== undefined) fill(source, 'defaultMode', 420)
  }
  const path = asObject(volume.hostPath)
  if (path !== undefined) path.type ??= ''
  const items = [
    ...objectsOf(asObject(volume.downwardAPI)?.items),
    ...objectsOf(asObject(volume.projected)?.sources).flatMap((source) => {
      const token = asObject(source.serviceAccountToken)
      if (token !== undefined) fill(token, 'expirationSeconds', 3600)
      return objectsOf(asObject(source.downwardAPI)?.items)
    }),
  ]
  for (const item of items) {
    if (isObject(item.fieldRef)) fill(item.fieldRef, 'apiVersion', 'v1')
  }
}

/** Limits without requests are requests too; only in a Pod itself. */
export function defaultRequests(spec: Obj): void {
  for (const container of [...asArray(spec.containers), ...asArray(spec.initContainers)]) {
    const resources = asObject(asObject(container)?.resources)
    const limits = asObject(resources?.limits)
    if (resources === undefined || limits === undefined) continue
    const requests = child(resources, 'requests')
    for (const [name, value] of Object.entries(limits)) fill(requests, name, value)
    if (Object.keys(requests).length === 0) delete resources.requests
  }
}
