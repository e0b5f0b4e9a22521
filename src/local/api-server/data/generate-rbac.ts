/**
 * Writes `rbac.json`, the roles and bindings that every cluster begins with, from a Kubernetes source tree:
 *
 *   node generate-rbac.ts KUBERNETES_DIR
 *
 * (the unpacked Go module k8s.io/kubernetes). The data are Kubernetes' own, Apache-2.0. They stand in the order in
 * which a kube-apiserver creates them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

type Item = { readonly [key: string]: unknown }

const [kubernetesDir = ''] = process.argv.slice(2)
const folder = join(kubernetesDir, 'plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata')

const items = [
  'cluster-roles',
  'controller-roles',
  'cluster-role-bindings',
  'controller-role-bindings',
  'namespace-roles',
  'namespace-role-bindings',
].flatMap((file) => itemsOf(join(folder, `${file}.yaml`)))

function itemsOf(path: string): Item[] {
  return (parse(readFileSync(path, 'utf8')) as { items: Item[] }).items
}

writeFileSync(
  join(import.meta.dirname, 'rbac.json'),
  `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]\n`,
)
