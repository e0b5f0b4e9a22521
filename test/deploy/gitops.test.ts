/** What Argo CD and Flux are told about releases: run by a Lua and a CEL engine over what the doors write. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { LuaFactory } from 'wasmoon'
import { parse } from 'yaml'
import { readAction } from '#core/api/action.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Value as Json } from '#core/schema/json.ts'
import { doors } from '#doors/register.ts'
import { compile } from '#local/api-server/cel/program.ts'
import { anyValue } from '#local/api-server/cel/schema-value.ts'
import { standardFunctions } from '#local/api-server/cel/signatures.ts'
import { dyn } from '#local/api-server/cel/types.ts'
import { actionFor } from '#releases/acts/meant.ts'
import { entryOf } from '#releases/entry.ts'
import { argoVerbs } from '../../scripts/deploy/argocd.ts'
import { objectIn, type State } from './statuses.ts'

const lua = new LuaFactory()

/** Runs a script over `obj`, as Argo CD does. */
async function run(script: string, object: KubeObject): Promise<unknown> {
  const engine = await lua.createEngine()
  try {
    return await engine.doString(`obj = ${luaText(object as unknown as Json)}\n${script}`)
  } finally {
    engine.global.close()
  }
}

/** JSON as a table of Lua. */
function luaText(value: Json): string {
  if (value === null) return 'nil'
  if (Array.isArray(value)) return `{${value.map(luaText).join(',')}}`
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, inner]) => `[${JSON.stringify(key)}]=${luaText(inner)}`)
      .join(',')}}`
  return JSON.stringify(value)
}

const { data } = parse(readFileSync('deploy/argocd/argocd-cm.yaml', 'utf8')) as {
  readonly data: Readonly<Record<string, string>>
}

type Actions = {
  readonly 'discovery.lua': string
  readonly definitions: readonly { readonly name: string; readonly 'action.lua': string }[]
}

const health: Readonly<Record<State, string>> = {
  unseen: 'Progressing',
  outdated: 'Progressing',
  'coming up': 'Progressing',
  'under way': 'Progressing',
  'waiting for approval': 'Suspended',
  held: 'Suspended',
  failed: 'Degraded',
  serving: 'Healthy',
  'refused by its spec': 'Degraded',
}
const states = Object.keys(health) as State[]

/** Commands that can be chosen. */
const offered: Readonly<Record<State, readonly string[]>> = {
  unseen: [],
  outdated: [],
  'coming up': [],
  'under way': ['pause', 'promote', 'promote-full', 'abort'],
  'waiting for approval': ['pause', 'promote', 'promote-full', 'abort'],
  held: ['resume', 'promote', 'promote-full', 'abort'],
  failed: ['retry'],
  serving: [],
  'refused by its spec': [],
}

describe.each(doors.map((door) => [door.kind.kind, door] as const))('Argo CD: a %s', (_, door) => {
  const key = `${door.kind.group}_${door.kind.kind}`
  const script = data[`resource.customizations.health.${key}`] ?? ''
  const actions = parse(data[`resource.customizations.actions.${key}`] ?? '') as Actions

  test.each(states)('%s', async (state) => {
    const object = objectIn(door, state)
    const found = (await run(script, object)) as { status: string; message: string }
    expect(found.status).toBe(health[state])
    expect(found.message).not.toBe('')
    const shown = (await run(actions['discovery.lua'], object)) as Record<
      string,
      { disabled: boolean }
    >
    const free = Object.keys(shown).filter((name) => shown[name]?.disabled === false)
    expect(free.toSorted()).toEqual([...offered[state]].toSorted())
    expect(Object.keys(shown).toSorted()).toEqual([...argoVerbs].toSorted())
  })

  test('its commands are those of the command line, bound to what is shown', async () => {
    for (const { name, 'action.lua': act } of actions.definitions) {
      const object = objectIn(door, name === 'retry' ? 'failed' : 'under way')
      const changed = (await run(act, object)) as KubeObject
      const asked = readAction(changed.metadata.annotations)
      const entry = entryOf(door, object, () => undefined)
      const verb = argoVerbs.find((one) => one === name)
      const meant = verb && actionFor(entry, { verb, id: `argocd-${name}-17`, by: 'Argo CD' })
      expect(asked).toMatchObject({ kind: 'action', action: meant })
    }
  })
})

test('Argo CD leaves alone what releases write into routes', () => {
  const ignored = Object.keys(data).filter((key) => key.includes('ignoreDifferences'))
  expect(ignored.map((key) => key.split('.').slice(3).join('.'))).toEqual([
    'gateway.networking.k8s.io_HTTPRoute',
    'gateway.networking.k8s.io_GRPCRoute',
    'networking.istio.io_VirtualService',
  ])
})

type FluxRow = Readonly<Record<'apiVersion' | 'kind' | 'current' | 'failed' | 'inProgress', string>>

/** In the order in which Flux asks. */
function fluxStatus(row: FluxRow, object: KubeObject): string {
  const { metadata, status = {} } = JSON.parse(JSON.stringify(object)) as Record<string, Json>
  const holds = (expression: string): boolean => {
    const variables = new Map([
      ['metadata', dyn],
      ['status', dyn],
    ])
    const program = compile(expression, { variables, functions: standardFunctions() })
    if (typeof program === 'string') throw new Error(program)
    const values = { metadata: anyValue(metadata), status: anyValue(status) }
    const outcome = program.run(values, 1_000_000)
    return outcome.kind === 'value' && outcome.value === true
  }
  if (holds(row.failed)) return 'Failed'
  if (holds(row.inProgress)) return 'InProgress'
  return holds(row.current) ? 'Current' : 'Unknown'
}

const flux = parse(readFileSync('deploy/flux/health.yaml', 'utf8')) as {
  readonly healthCheckExprs: readonly FluxRow[]
}

const fluxHealth: Readonly<Record<string, string>> = {
  Healthy: 'Current',
  Degraded: 'Failed',
  Suspended: 'InProgress',
  Progressing: 'InProgress',
}

describe.each(doors.map((door) => [door.kind.kind, door] as const))('Flux: a %s', (kind, door) => {
  test.each(states)('%s', (state) => {
    const row = flux.healthCheckExprs.find((one) => one.kind === kind) as FluxRow
    expect(row.apiVersion.split('/')[0]).toBe(door.kind.group)
    expect(fluxStatus(row, objectIn(door, state))).toBe(fluxHealth[health[state]])
  })
})
