/**
 * `node test/conformance/update.ts`: plays all cases on the local API server against the golden traces, and writes down
 * what still differs, in known-differences.json and in docs/conformance.md. Needs no real server.
 */
import { writeFileSync } from 'node:fs'
import { systemPorts } from '#kube/system.ts'
import { allCases } from './cases/all.ts'
import { type Count, count, told } from './count.ts'
import { readGolden } from './golden.ts'
import { writeKnown } from './known.ts'
import { lacking } from './lacking.ts'
import { localTarget } from './local-target.ts'
import { playAll } from './play.ts'

const target = await localTarget(systemPorts())
const found = count(readGolden(), await playAll(target, allCases, 4))
await target.close()
writeKnown(found.different.keys())
writeFileSync(new URL('../../docs/conformance.md', import.meta.url), page(found))
process.stdout.write(`${told(found)}\n`)
for (const [id, lines] of found.different) {
  for (const line of lines) process.stdout.write(`${id} ${line}\n`)
}

function differing(rows: readonly string[]): string {
  if (rows.length === 0) return 'No difference passes the tests.'
  return `Different, and to be mended. No other difference passes the tests:\n\n${rows.join('\n')}`
}

function page(result: Count): string {
  const areas = Map.groupBy(result.different.keys(), (id) => id.split('/')[0] ?? '')
  const rows = [...areas].map(
    ([area, ids]) => `- ${area}: ${ids.map((id) => id.slice(area.length + 1)).join('; ')}`,
  )
  return `# Conformance of the local cluster

The local cluster stands in for Kubernetes. What it is compared with is a real control plane: kube-apiserver and
kube-controller-manager v1.34.4 on etcd 3.6.4, built from their released modules (\`test/cluster/go.mod\`).

## The API server

${allCases.length} cases (\`test/conformance/cases\`), each a few requests and everything that came back: status, body, warnings,
watch events. Only what a server makes up is masked (ids, versions, instants, addresses). \`npm test\` compares the local
server with golden traces of a real one (\`test/conformance/golden\`); \`npm run test:cluster\` plays a real one live,
compares it with the traces, and the local one with it.

| equal | lacking | different |
| ----: | ------: | --------: |
| ${result.equal} | ${result.lacking} | ${result.different.size} |

Lacking, with a plain refusal as its behaviour:

${lacking.map(({ what, says }) => `- ${what}: \`${says}\``).join('\n')}

${differing(rows)}

Beside the cases, 2,000 random sequences of requests (ConfigMaps, Deployments with scale and status, a custom kind with
rules; creates, replaces, all four kinds of patch, apply with two managers, deletions, lists, watches) are played on both
servers in each run of \`npm run test:cluster\`, step by step the same.

## What the comparison found

The first time the cases were played on both servers, 848 of them, 738 were equal, 17 lacking and 93 different. What became of
the 93:

| what differed                                                                                                          | since      |
| ---------------------------------------------------------------------------------------------------------------------- | ---------- |
| the columns of \`kubectl get\` of 13 kinds; tables with whole objects, and with none                                   | mended     |
| words and codes of refusals: values of a wrong type, broken or empty bodies, unknown kinds, fields, paths, options      | mended     |
| bad selectors, page tokens and versions; a slash in the name of a Role                                                 | mended     |
| status and spec of Services, DaemonSets, Jobs and PersistentVolumes kept apart; a replace with a stale version         | mended     |
| apply: defaults of Jobs, claims and Namespaces, owner references as a map by uid, \`force\` outside of apply, bad ends | mended     |
| a Service's own address and node ports, loopback as an endpoint, an Ingress without a backend                          | mended     |
| custom kinds: 14 rules of schemas with their words, defaults inside defaults, scope, status, finalizers                | mended     |
| definitions: being established, names that are taken, structural schemas, defaults, list keys, storage versions        | mended     |
| versions converted by a webhook; a namespace that goes in steps; roles that add up                                     | mended     |
| policies in the server; what discovery tells of bindings, commands in pods and addresses of Services                   | lacking    |

## The controllers

43 stories (\`test/conformance/controllers\`) are told to the local controllers and to kube-controller-manager, each with our
kubelet: Deployments, ReplicaSets, ReplicationControllers, Services with Endpoints and EndpointSlices, garbage
collection in each propagation, adoption, orphaning, hand-over of pods, namespaces. The end states are the same, and so
are the reasons that Deployments pass through; \`NewReplicaSetCreated\`, \`FoundNewReplicaSet\` and \`ReplicaSetUpdated\` are left
out there, since they are lost when another write, or the last pod that was waited for, comes between.

Known and wanted: pods of the local cluster mount no service account token, because they are processes.

## Prometheus

1,500 random expressions of the subset that [local-prometheus.md](local-prometheus.md) states are asked of the local
endpoint and of a real Prometheus 2.42 (Debian's package) over the same series: the same series, values within one part
in a thousand million, or the same kind of error. A real one also scrapes a sample pod and the gateway, and counts the same.
Left out are what chance decides (which of equal values \`topk\` takes), the very instant of a sample at the edge of a
range (Prometheus 3 leaves it out, as the local endpoint does), and extrapolation of counters that have just begun, in which
versions differ.

## The controller on a real control plane

\`test/scenarios/scenarios.cluster.test.ts\` runs the scenarios A–H, a canary by each router, a blue-green with a preview
host by each router that has one, each kind of promotion and a release of each door, with the controller as a ServiceAccount
that has exactly the rules of \`src/cli/rbac.ts\`, on a server that cannot stream its lists. The audit log shows at the end
that nothing was refused and that no rule is idle. Outside a cluster the controller reaches pods and Services through the API
server; for that the tests add a rule of their own.

\`test/cluster/faults.cluster.test.ts\` kills the controller (\`SIGKILL\`) at each write of a canary through a small proxy, in
turn before the write and after it; restarts the API server midway; lets etcd forget its history while the controller stands
still; and stops the leader (\`SIGSTOP\`) until another has taken over, after which it writes nothing. Requests go on all the
time, and none is dropped.

Each door's walk-through is told there too, by the same stories as on the local cluster (\`test/doors\`): KULTA's canary,
blue-green with its preview host, A/B and rolling update and a rollback by metrics with kubectl; the demo of CanaryApp with
Istio's definitions; Superposition's worked example by curl's requests; the session of the deployer, with an etcd of its own.

## Recording anew

\`node test/conformance/record.ts\` plays a real server and replaces the traces; \`node test/conformance/update.ts\` plays the
local one and rewrites this page. Both print what differs.
`
}
