/** The columns of what leads traffic. */
import { asArray, asNumber, at, type Obj, objectsOf } from '#core/schema/json.ts'
import type { Stored } from '../resource.ts'
import { ageColumn, type Column, column, nameColumn, text, wide } from './column.ts'
import { firstThree, labelsText, orNone, selectorText } from './format.ts'

export function serviceColumns(): Column[] {
  return [
    nameColumn(),
    column('Type', 'string', 'core:ServiceSpec:type', text('spec', 'type')),
    column('Cluster-IP', 'string', 'core:ServiceSpec:clusterIP', (object) =>
      orNone(asArray(at(object, 'spec', 'clusterIPs'))[0]),
    ),
    column('External-IP', 'string', 'core:ServiceSpec:externalIPs', externalIp),
    column('Port(s)', 'string', 'core:ServiceSpec:ports', servicePorts),
    ageColumn(),
    wide('Selector', 'string', 'core:ServiceSpec:selector', (object) =>
      labelsText(at(object, 'spec', 'selector')),
    ),
  ]
}

function externalIp(service: Stored): string {
  const external = asArray(at(service, 'spec', 'externalIPs')).map(String)
  switch (at(service, 'spec', 'type')) {
    case 'ExternalName':
      return String(at(service, 'spec', 'externalName') ?? '')
    case 'LoadBalancer': {
      const all = [...loadBalancer(service), ...external]
      return all.length === 0 ? '<pending>' : all.join(',')
    }
    default:
      return external.length === 0 ? '<none>' : external.join(',')
  }
}

function loadBalancer(object: Stored): string[] {
  const points = objectsOf(at(object, 'status', 'loadBalancer', 'ingress'))
  const texts = points.map(({ ip, hostname }) => String(ip ?? hostname ?? ''))
  return [...new Set(texts.filter((one) => one !== ''))].sort()
}

function servicePorts(service: Stored): string {
  const ports = objectsOf(at(service, 'spec', 'ports')).map((port) => {
    const node = asNumber(port.nodePort) ?? 0
    return `${port.port}${node > 0 ? `:${node}` : ''}/${port.protocol}`
  })
  return ports.length === 0 ? '<none>' : ports.join(',')
}

export function ingressColumns(): Column[] {
  return [
    nameColumn(),
    column(
      'Class',
      'string',
      'The name of the IngressClass resource that should be used for additional configuration',
      (object) => orNone(at(object, 'spec', 'ingressClassName')),
    ),
    column(
      'Hosts',
      'string',
      'Hosts that incoming requests are matched against before the ingress rule',
      hosts,
    ),
    column(
      'Address',
      'string',
      'Address is a list containing ingress points for the load-balancer',
      (object) => loadBalancer(object).join(','),
    ),
    column('Ports', 'string', 'Ports of TLS configurations that open', (object) =>
      asArray(at(object, 'spec', 'tls')).length > 0 ? '80, 443' : '80',
    ),
    ageColumn(),
  ]
}

function hosts(ingress: Stored): string {
  const rules = objectsOf(at(ingress, 'spec', 'rules'))
  const named = rules.map(({ host }) => String(host ?? '')).filter((host) => host !== '')
  if (named.length === 0) return '*'
  const shown = named.slice(0, 3).join(',')
  return named.length > 3 ? `${shown} + ${rules.length - 3} more...` : shown
}

export function ingressClassColumns(): Column[] {
  return [
    nameColumn(),
    column(
      'Controller',
      'string',
      'Controller that is responsible for handling this class',
      text('spec', 'controller'),
    ),
    column(
      'Parameters',
      'string',
      'A reference to a resource with additional parameters',
      (object) => {
        const parameters = at(object, 'spec', 'parameters') as Obj | undefined
        if (parameters === undefined) return '<none>'
        const group = parameters.apiGroup === undefined ? '' : `.${String(parameters.apiGroup)}`
        return `${String(parameters.kind)}${group}/${String(parameters.name)}`
      },
    ),
    ageColumn(),
  ]
}

export function endpointsColumns(): Column[] {
  return [
    nameColumn(),
    column('Endpoints', 'string', 'core:Endpoints:subsets', (object) =>
      firstThree(objectsOf(object.subsets).flatMap(subsetTexts), '<none>'),
    ),
    ageColumn(),
  ]
}

function subsetTexts(subset: Obj): string[] {
  const addresses = objectsOf(subset.addresses).map(({ ip }) => String(ip))
  const ports = objectsOf(subset.ports)
  if (ports.length === 0) return addresses
  return ports.flatMap(({ port }) => addresses.map((address) => `${address}:${String(port)}`))
}

export function endpointSliceColumns(): Column[] {
  return [
    nameColumn(),
    column(
      'AddressType',
      'string',
      'addressType specifies the type of address carried by this EndpointSlice. All addresses in this slice must be the same type. This field is immutable after creation. The following address types are currently supported: * IPv4: Represents an IPv4 Address. * IPv6: Represents an IPv6 Address. * FQDN: Represents a Fully Qualified Domain Name.',
      text('addressType'),
    ),
    column(
      'Ports',
      'string',
      'ports specifies the list of network ports exposed by each endpoint in this slice. Each port must have a unique name. When ports is empty, it indicates that there are no defined ports. When a port is defined with a nil port value, it indicates "all ports". Each slice may include a maximum of 100 ports.',
      (object) =>
        firstThree(
          objectsOf(object.ports).map(({ port, name }) => String(port ?? name ?? '*')),
          '<unset>',
        ),
    ),
    column('Endpoints', 'string', 'discovery:EndpointSlice:endpoints', (object) =>
      firstThree(
        objectsOf(object.endpoints).flatMap(({ addresses }) => asArray(addresses).map(String)),
        '<unset>',
      ),
    ),
    ageColumn(),
  ]
}

export function networkPolicyColumns(): Column[] {
  return [
    nameColumn(),
    column(
      'Pod-Selector',
      'string',
      'Selects the pods to which this NetworkPolicy object applies.  The array of ingress rules is applied to any pods selected by this field. Multiple network policies can select the same set of pods.  In this case, the ingress rules for each are combined additively. This field is NOT optional and follows standard label selector semantics. An empty podSelector matches all pods in this namespace.',
      (object) => selectorText(at(object, 'spec', 'podSelector')),
    ),
    ageColumn(),
  ]
}
