/**
 * Writes the CustomResourceDefinitions of the Gateway API and of Istio's routing into src/local/crds, as JSON without
 * descriptions. Needs Go, whose module proxy carries them; run it only to take up a new version.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'

const gatewayApi = 'sigs.k8s.io/gateway-api@v1.6.1'
const gatewayApiNames = [
  'gatewayclasses',
  'gateways',
  'httproutes',
  'grpcroutes',
  'referencegrants',
]
const istioApi = 'istio.io/api@v1.31.1'
const istioNames = ['virtualservices', 'destinationrules', 'gateways']

function moduleFolder(module: string): string {
  const text = execFileSync('go', ['mod', 'download', '-json', module], {
    encoding: 'utf8',
    cwd: tmpdir(),
    env: { ...process.env, GOFLAGS: '-mod=mod' },
  })
  return (JSON.parse(text) as { Dir: string }).Dir
}

/** A schema without its descriptions; a property that is called `description` stays. */
function bare(value: unknown, inProperties = false): unknown {
  if (Array.isArray(value)) return value.map((item) => bare(item))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(
    ([key, member]) => inProperties || key !== 'description' || typeof member !== 'string',
  )
  return Object.fromEntries(
    kept.map(([key, member]) => [key, bare(member, key === 'properties' && !inProperties)]),
  )
}

function write(name: string, crds: readonly unknown[]): void {
  writeFileSync(`src/local/crds/${name}.json`, `${JSON.stringify(crds.map((crd) => bare(crd)))}\n`)
}

// The experimental channel has all that the standard one has, and sessionPersistence of routes.
const folder = join(moduleFolder(gatewayApi), 'config/crd/experimental')
const gatewayApiCrds = gatewayApiNames.map((name) =>
  parse(readFileSync(join(folder, `gateway.networking.k8s.io_${name}.yaml`), 'utf8')),
)
write('gateway-api', gatewayApiCrds)

const everything = join(moduleFolder(istioApi), 'kubernetes/customresourcedefinitions.gen.yaml')
const wanted = new Set(istioNames.map((name) => `${name}.networking.istio.io`))
const istioCrds = parseAllDocuments(readFileSync(everything, 'utf8'))
  .map((document) => document.toJS() as { metadata?: { name?: string } } | null)
  .filter((crd) => wanted.has(crd?.metadata?.name ?? ''))
write('istio', istioCrds)
