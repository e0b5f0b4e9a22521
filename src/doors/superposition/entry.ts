/** What is known of the Superposition door's face before any of its code is loaded. */
import type { FaceEntry } from '../face.ts'
import { experimentCrd } from './crd.ts'

export const superpositionFace: FaceEntry = {
  name: 'superposition',
  port: 8090,
  about: "where Superposition's events arrive",
  options: [
    {
      flags: '--superposition-url <url>',
      description: 'of Superposition itself, for configurations; by default SUPERPOSITION_URL',
    },
    {
      flags: '--superposition-credentials <namespace/name>',
      description: 'Secret with token, or username and password, that Superposition asks for',
    },
    {
      flags: '--superposition-auth <kind>',
      description: 'secret, or none: events are taken from everybody. Left out, from this machine',
    },
    {
      flags: '--superposition-secret-file <file...>',
      description: 'shared secrets that events may bear, a line each; read anew as they change',
    },
    {
      flags: '--superposition-secret-header <name>',
      description: 'where the secret stands instead of Authorization: Bearer',
    },
    {
      flags: '--superposition-namespace <name>',
      description: 'for events whose context names none; by default NAMESPACE, or default',
    },
    {
      flags: '--superposition-namespaces <names>',
      description: 'the only namespaces that events may name, with commas',
    },
    {
      flags: '--superposition-create-namespaces',
      description: 'makes namespaces that events name and that are not there; not in production',
    },
    {
      flags: '--superposition-tenants <names>',
      description: 'the only workspaces that events may come from, with commas',
    },
    {
      flags: '--superposition-dimension <name>',
      description: 'the dimension that names the namespace; by default namespace',
    },
    {
      flags: '--superposition-router <kind>',
      description: 'nginx, gateway-api or istio; by default nginx, with one variant at a time',
    },
    {
      flags: '--superposition-templates <file>',
      description: 'YAML that is laid over the objects that are made',
    },
    {
      flags: '--superposition-grace <duration>',
      description: 'the old pods stay for so long after a promotion; by default 0s',
    },
    {
      flags: '--superposition-follow-config',
      description: 'stable follows changes of the configuration (ConfigChanged)',
    },
    {
      flags: '--superposition-resync <duration>',
      description: 'reads experiments that are under way from Superposition every so often',
    },
  ],
  crds: [experimentCrd],
  load: () => import('./face.ts'),
}
