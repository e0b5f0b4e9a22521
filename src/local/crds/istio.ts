/** Istio's routing kinds as a cluster finds them: their own CRDs (istio.io/api, Apache-2.0), all served versions. */
import { fileURLToPath } from 'node:url'
import type { KubeObject } from '#core/k8s/meta.ts'
import { readData } from '../data-file.ts'

/** VirtualService, DestinationRule and Gateway of networking.istio.io. Parsed when asked for. */
export function istioCrds(): readonly KubeObject[] {
  // By way of the folder above: where the sources are bundled, data keeps its place beside the code.
  const path = new URL('../crds/istio.json', import.meta.url)
  return readData(fileURLToPath(path)) as KubeObject[]
}
