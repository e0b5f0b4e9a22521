/** Host names as Istio reads them: a name without dots is a Service of the namespace in which it is written. */

const suffix = '.svc.cluster.local'

/** The full name of a host written in an object of a namespace; in lower case. */
export function fullName(host: string, namespace: string): string {
  const name = host.toLowerCase()
  return name.includes('.') || name === '*' ? name : `${name}.${namespace}${suffix}`
}

/** The Service of a full name. Only full names stand for Services; `shop.default` is some other host to Istio. */
export function serviceOf(
  full: string,
): { readonly namespace: string; readonly name: string } | undefined {
  const found = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc\.cluster\.local$/.exec(full)
  return found === null ? undefined : { name: found[1] ?? '', namespace: found[2] ?? '' }
}

/** Under which names clients in the mesh ask for a host: a Service's short ones too. */
export function meshNames(full: string): readonly string[] {
  const service = serviceOf(full)
  if (service === undefined) return [full]
  const { name, namespace } = service
  const short = `${name}.${namespace}`
  // Nobody knows a client's namespace here; one that gives a bare name is taken to be in `default`.
  return [full, `${short}.svc`, short, ...(namespace === 'default' ? [name] : [])]
}
