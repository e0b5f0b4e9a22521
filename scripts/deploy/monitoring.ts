/** Objects by which the Prometheus operator and Grafana's sidecar find Headgate. */
import { ruleGroups } from './alerts.ts'
import { board } from './board.ts'
import { labelsOf, type Manifest, type Names } from './names.ts'

const group = 'monitoring.coreos.com/v1'

function metadata(names: Names, labels: object = {}) {
  return {
    name: names.deployment,
    namespace: names.namespace,
    labels: { ...labelsOf(names), ...labels },
  }
}

export function serviceMonitor(names: Names): Manifest {
  return {
    apiVersion: group,
    kind: 'ServiceMonitor',
    metadata: metadata(names),
    spec: {
      selector: { matchLabels: labelsOf(names) },
      endpoints: [
        {
          port: 'http',
          path: '/metrics',
          interval: '15s',
          // Our series say of which namespace a release is: that must not be taken for where Headgate runs.
          honorLabels: true,
        },
      ],
    },
  }
}

export function prometheusRule(names: Names): Manifest {
  return {
    apiVersion: group,
    kind: 'PrometheusRule',
    metadata: metadata(names),
    spec: ruleGroups(),
  }
}

export function grafanaConfigMap(names: Names): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...metadata(names, { grafana_dashboard: '1' }),
      name: `${names.deployment}-dashboard`,
    },
    data: { 'headgate.json': boardText() },
  }
}

export function boardText(): string {
  return `${JSON.stringify(board, null, 2)}\n`
}
