/** `deploy/crds`: the definitions as doors and faces have them, a file each, so that `kubectl apply -f deploy/crds` takes all. */
import { base, features } from './features.ts'
import { type Files, manifests, under } from './files.ts'

export function crdFiles(): Files {
  const all = [...base.crds, ...features.flatMap(({ crds }) => crds)]
  return under(
    'deploy/crds',
    Object.fromEntries(all.map((crd) => [`${crd.metadata.name}.yaml`, manifests([crd])])),
  )
}
