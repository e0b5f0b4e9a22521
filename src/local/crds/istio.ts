/** Istio's routing kinds as a cluster finds them: their own CRDs (istio.io/api, Apache-2.0), all served versions. */
import { readFileSync } from 'node:fs'
import type { KubeObject } from '#core/k8s/meta.ts'

/** VirtualService, DestinationRule and Gateway of networking.istio.io. Parsed when asked for. */
export function istioCrds(): readonly KubeObject[] {
  // By way of the folder above: where the sources are bundled, data keeps its place beside the code.
  const path = new URL('../crds/istio.json', import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')) as KubeObject[]
}
