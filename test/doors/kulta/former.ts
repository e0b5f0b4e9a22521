/** What the original leaves in a cluster: ReplicaSets with its labels and without an owner. */
import type { KubeObject } from '#core/k8s/meta.ts'

/** Pods serve on for a while once their end is decided: a split takes some that have traffic. */
const lifecycle = { preStop: { sleep: { seconds: 10 } } }

export function formerTemplate(version: string) {
  return {
    metadata: { labels: { app: 'my-app' } },
    spec: { containers: [{ name: 'app', image: `myregistry/myapp:${version}`, lifecycle }] },
  }
}

/** `type` is the word by which the original tells its ReplicaSets apart; a simple one has the Rollout's own name. */
export function formerSet(type: string, replicas: number, version = 'v2.0.0'): KubeObject {
  const labels = {
    app: 'my-app',
    'pod-template-hash': '0a1b2c3d4e',
    'rollouts.kulta.io/type': type,
    'rollouts.kulta.io/managed': 'true',
  }
  const made = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: type === 'simple' ? 'my-app' : `my-app-${type}`, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { ...formerTemplate(version), metadata: { labels } },
    },
  }
  return made
}
