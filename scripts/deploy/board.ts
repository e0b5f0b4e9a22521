/** The Grafana dashboard: what releases do, and how the controller is. */

type Query = { readonly expr: string; readonly legend: string }
type Kind = 'timeseries' | 'stat' | 'table' | 'state-timeline'

const datasource = { type: 'prometheus', uid: '${datasource}' }

/** Of the releases that are chosen above. */
const chosen = 'door=~"$door", namespace=~"$namespace", release=~"$release"'
const bySelection = '{{door}}/{{namespace}}/{{release}}'

const panels: readonly {
  readonly title: string
  readonly kind: Kind
  readonly unit?: string
  readonly width: number
  readonly queries: readonly Query[]
}[] = [
  {
    title: 'Releases by phase',
    kind: 'stat',
    width: 12,
    queries: [
      {
        expr: 'sum by (phase) (headgate_release_phase{door=~"$door", namespace=~"$namespace"})',
        legend: '{{phase}}',
      },
    ],
  },
  {
    title: 'Failed',
    kind: 'table',
    width: 12,
    queries: [
      {
        expr: 'headgate_release_phase{phase="Failed", door=~"$door", namespace=~"$namespace"}',
        legend: bySelection,
      },
    ],
  },
  {
    title: 'Weight by role',
    kind: 'timeseries',
    unit: 'percent',
    width: 12,
    queries: [{ expr: `headgate_release_weight{${chosen}}`, legend: `${bySelection} {{role}}` }],
  },
  {
    title: 'Phase',
    kind: 'state-timeline',
    width: 6,
    queries: [
      { expr: `headgate_release_phase{${chosen}} == 1`, legend: `${bySelection} {{phase}}` },
    ],
  },
  {
    title: 'Step',
    kind: 'timeseries',
    width: 6,
    queries: [{ expr: `headgate_release_step{${chosen}}`, legend: bySelection }],
  },
  {
    title: 'Passes a second',
    kind: 'timeseries',
    unit: 'ops',
    width: 8,
    queries: [
      {
        expr: 'sum by (result) (rate(headgate_passes_total[$__rate_interval]))',
        legend: '{{result}}',
      },
    ],
  },
  {
    title: 'Time of a pass',
    kind: 'timeseries',
    unit: 's',
    width: 8,
    queries: [0.5, 0.99].map((quantile) => ({
      expr: `histogram_quantile(${quantile}, sum by (le) (rate(headgate_pass_duration_seconds_bucket[$__rate_interval])))`,
      legend: `quantile ${quantile}`,
    })),
  },
  {
    title: 'Writes a second',
    kind: 'timeseries',
    unit: 'ops',
    width: 8,
    queries: [
      {
        expr: 'sum by (kind, result) (rate(headgate_writes_total[$__rate_interval]))',
        legend: '{{kind}} {{result}}',
      },
    ],
  },
  {
    title: 'Leaders',
    kind: 'stat',
    width: 4,
    queries: [{ expr: 'sum(headgate_leader)', legend: 'leaders' }],
  },
  {
    title: 'Versions',
    kind: 'stat',
    width: 4,
    queries: [{ expr: 'count by (version) (headgate_build_info)', legend: '{{version}}' }],
  },
  {
    title: 'Queue',
    kind: 'timeseries',
    width: 8,
    queries: [{ expr: 'headgate_queue_depth', legend: '{{pod}}' }],
  },
  {
    title: 'Events: told, waiting, given up',
    kind: 'timeseries',
    width: 8,
    queries: [
      {
        expr: 'sum by (sink, result) (rate(headgate_events_total[$__rate_interval]))',
        legend: '{{sink}} {{result}}',
      },
      { expr: 'sum by (sink) (headgate_events_waiting)', legend: '{{sink}} waiting' },
      { expr: 'increase(headgate_events_dropped_total[$__rate_interval])', legend: 'given up' },
    ],
  },
]

const height = 8

/** Beside one another as long as a row of 24 has room. */
function placed(): readonly object[] {
  let x = 0
  let y = 0
  return panels.map(({ title, kind, unit, width, queries }, index) => {
    if (x + width > 24) {
      x = 0
      y += height
    }
    const gridPos = { x, y, w: width, h: height }
    x += width
    return {
      id: index + 1,
      title,
      type: kind,
      datasource,
      gridPos,
      fieldConfig: { defaults: unit === undefined ? {} : { unit }, overrides: [] },
      targets: queries.map(({ expr, legend }, query) => ({
        refId: String.fromCharCode(65 + query),
        datasource,
        expr,
        legendFormat: legend,
        ...(kind === 'table' ? { format: 'table', instant: true } : {}),
      })),
    }
  })
}

function variable(name: string, filter: string): object {
  return {
    name,
    type: 'query',
    datasource,
    query: { query: `label_values(headgate_release_phase{${filter}}, ${name})`, refId: name },
    refresh: 2,
    includeAll: true,
    multi: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  }
}

export const board = {
  uid: 'headgate-releases',
  title: 'Headgate: releases',
  tags: ['headgate', 'kubernetes'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  refresh: '30s',
  time: { from: 'now-3h', to: 'now' },
  timezone: 'browser',
  templating: {
    list: [
      { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' },
      variable('door', ''),
      variable('namespace', 'door=~"$door"'),
      variable('release', 'door=~"$door", namespace=~"$namespace"'),
    ],
  },
  panels: placed(),
}
