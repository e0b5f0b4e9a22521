/** What somebody is to be told of, and where it says what to do: each alert has a section in docs/runbooks.md. */

type Alert = {
  readonly name: string
  readonly expr: string
  readonly for: string
  readonly severity: 'critical' | 'warning' | 'info'
  readonly summary: string
  readonly description: string
}

/**
 * The page in the project itself: nobody but its users knows where they publish it. They say so by the chart's
 * `prometheusRule.runbookUrl`, or with kustomize by a replacement (docs/install.md).
 */
export const runbooks = 'docs/runbooks.md'

const release = '{{ $labels.door }}/{{ $labels.namespace }}/{{ $labels.release }}'

export const alerts: readonly Alert[] = [
  {
    name: 'HeadgateAbsent',
    expr: 'absent(headgate_build_info)',
    for: '5m',
    severity: 'critical',
    summary: 'No Headgate is running.',
    description: 'Releases under way stand still; traffic stays as it is.',
  },
  {
    name: 'HeadgateNoLeader',
    expr: 'sum(headgate_leader) == 0',
    for: '2m',
    severity: 'critical',
    summary: 'No replica of Headgate leads.',
    description:
      'Replicas run, but none holds the lease: nothing is decided and nothing turned back.',
  },
  {
    name: 'HeadgateSeveralLeaders',
    expr: 'sum by (namespace) (headgate_leader) > 1',
    for: '1m',
    severity: 'critical',
    summary: 'Several replicas of Headgate believe that they lead.',
    description:
      'Writes have preconditions, so that no harm is done; but a clock or the lease is wrong.',
  },
  {
    name: 'HeadgatePassesFail',
    expr: 'sum(rate(headgate_passes_total{result="error"}[10m])) > 0',
    for: '15m',
    severity: 'warning',
    summary: 'Passes over releases end with errors.',
    description: 'Some releases cannot be moved; the log names them and the error.',
  },
  {
    name: 'HeadgateWritesFail',
    expr: 'sum by (kind) (rate(headgate_writes_total{result="error"}[10m])) / sum by (kind) (rate(headgate_writes_total[10m])) > 0.1',
    for: '15m',
    severity: 'warning',
    summary: 'More than a tenth of the writes to {{ $labels.kind }} fail.',
    description:
      'The API server refuses them: rights, admission webhooks, quotas, or other writers.',
  },
  {
    name: 'HeadgatePassesSlow',
    expr: 'histogram_quantile(0.99, sum by (le) (rate(headgate_pass_duration_seconds_bucket[10m]))) > 1',
    for: '15m',
    severity: 'warning',
    summary: 'A pass over a release takes more than a second.',
    description:
      'The API server is slow, or Headgate has too little CPU: a way back would be slow, too.',
  },
  {
    name: 'HeadgateReleaseFailed',
    expr: 'headgate_release_phase{phase="Failed"} == 1',
    for: '1m',
    severity: 'warning',
    summary: `The release ${release} failed.`,
    description: 'Its traffic is at the stable revision. The reason stands in its status.',
  },
  {
    name: 'HeadgateReleaseStuck',
    expr: 'headgate_release_phase{phase=~"Initializing|Progressing|Concluded|Retiring"} == 1 unless on (door, namespace, release) (changes(headgate_release_step[1h]) > 0 or changes(headgate_release_weight[1h]) > 0)',
    for: '1h',
    severity: 'warning',
    summary: `The release ${release} has not moved for an hour.`,
    description:
      'It is in the phase {{ $labels.phase }} and waits for something that does not come.',
  },
  {
    name: 'HeadgateEventsDropped',
    expr: 'increase(headgate_events_dropped_total[15m]) > 0',
    for: '0m',
    severity: 'info',
    summary: 'Events were given up.',
    description: 'More than 32 of one release were pending: a sink does not answer.',
  },
  {
    name: 'HeadgateEventsWaiting',
    expr: 'sum by (sink) (headgate_events_waiting) > 100',
    for: '15m',
    severity: 'info',
    summary: 'Events wait for the sink {{ $labels.sink }}.',
    description: 'It does not answer, or refuses them.',
  },
]

/** As Prometheus reads it. */
export function ruleGroups(base: string = runbooks): { readonly groups: readonly object[] } {
  const rules = alerts.map(({ name, expr, for: since, severity, summary, description }) => ({
    alert: name,
    expr,
    for: since,
    labels: { severity },
    annotations: { summary, description, runbook_url: `${base}#${name.toLowerCase()}` },
  }))
  return { groups: [{ name: 'headgate', rules }] }
}
