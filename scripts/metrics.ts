/** `node scripts/metrics.ts`: writes docs/metrics.md from what the controller registers. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Registry } from 'prom-client'
import { telemetry } from '#controller/telemetry.ts'
import { doors } from '#doors/register.ts'

export type Shown = {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
  readonly help: string
  /** The door whose it is; undefined for the engine's own. */
  readonly door: string | undefined
}

/** Every metric that /metrics can have. */
export async function allMetrics(): Promise<readonly Shown[]> {
  const { registry } = telemetry('0.0.0')
  const own = await shownIn(registry, undefined, new Set())
  const known = new Set(own.map(({ name }) => name))
  const all = [...own]
  for (const { name, meter } of doors) {
    if (meter === undefined) continue
    meter(registry)
    const more = await shownIn(registry, name, known)
    for (const one of more) known.add(one.name)
    all.push(...more)
  }
  return all
}

async function shownIn(
  registry: Registry,
  door: string | undefined,
  known: ReadonlySet<string>,
): Promise<readonly Shown[]> {
  const metrics = await registry.getMetricsAsJSON()
  return metrics
    .filter(({ name }) => !known.has(name))
    .map(({ name, help, type }) => ({
      name,
      type: String(type),
      labels: labelsOf(registry, name),
      help,
      door,
    }))
}

/** prom-client keeps the declared labels where its types do not show them. */
function labelsOf(registry: Registry, name: string): readonly string[] {
  const metric: unknown = registry.getSingleMetric(name)
  const { labelNames } = metric as { readonly labelNames?: readonly string[] }
  return labelNames ?? []
}

/** Names as queries have them: a histogram is asked for by those of its parts. */
export function namesOf({ name, type }: Shown): readonly string[] {
  return type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
}

export async function page(): Promise<string> {
  const all = await allMetrics()
  const table = (door: string | undefined): string => {
    const rows = all
      .filter((one) => one.door === door)
      .map(({ name, type, labels, help }) => [
        `\`${name}\``,
        type,
        labels.map((label) => `\`${label}\``).join(', '),
        help,
      ])
    return aligned([['metric', 'type', 'labels', 'what it says'], ...rows])
  }
  const ofDoors = [...new Set(all.flatMap(({ door }) => door ?? []))].map(
    (door) => `## Of the door ${door}\n\nOnly while it is open.\n\n${table(door)}`,
  )
  return `${[head, table(undefined), ...ofDoors].join('\n\n')}\n`
}

const head = `# Metrics

Written by \`node scripts/metrics.ts\` from what the controller registers; \`GET /metrics\` on port 8080 has them.

Series of releases have the labels \`door\`, \`namespace\` and \`release\`, one set for each release that the leader looks after:
a replica that does not lead has none. They exist while they are read and cost no memory between. Rules, alerts and a
dashboard are [shipped](install.md#metrics-alerts-dashboard); [the runbooks](runbooks.md) say what each alert means.

## Headgate's own`

function aligned([first = [], ...rows]: readonly (readonly string[])[]): string {
  const all = [first, ...rows]
  const widths = first.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = widths.map((width) => '-'.repeat(width))
  return [line(first), line(rule), ...rows.map(line)].join('\n')
}

if (import.meta.main) {
  const target = join(fileURLToPath(new URL('..', import.meta.url)), 'docs/metrics.md')
  writeFileSync(target, await page())
}
