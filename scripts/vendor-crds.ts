/**
 * Writes the Gateway API's own CustomResourceDefinitions into src/local/crds, as JSON without descriptions. Needs Go, whose
 * module proxy carries them; run it only to take up a new version.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const version = 'v1.6.1'
const names = ['gatewayclasses', 'gateways', 'httproutes', 'grpcroutes', 'referencegrants']

function moduleFolder(): string {
  const args = ['mod', 'download', '-json', `sigs.k8s.io/gateway-api@${version}`]
  const text = execFileSync('go', args, {
    encoding: 'utf8',
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

const folder = join(moduleFolder(), 'config/crd/standard')
const crds = names.map((name) =>
  bare(parse(readFileSync(join(folder, `gateway.networking.k8s.io_${name}.yaml`), 'utf8'))),
)
writeFileSync('src/local/crds/gateway-api.json', `${JSON.stringify(crds)}\n`)
