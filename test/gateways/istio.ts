/** Istio as the gateway of a real control plane: its own pilot, which programs an Envoy of the ingress gateway by ADS. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { findGatewayPrograms } from '../cluster/gateway-programs.ts'
import { findGoProgram, goModuleFolder } from '../cluster/go-program.ts'
import type { RealGround } from '../cluster/ground.ts'
import { type Inside, startInside } from '../cluster/inside-process.ts'
import { groundWith } from '../cluster/other-gateway.ts'
import { type EnvoyAdmin, envoyAdmin } from './envoy-admin.ts'
import { openEnvoyMetrics } from './envoy-metrics.ts'
import { pilot } from './programs.ts'

export type IstioGround = RealGround & { readonly envoy: EnvoyAdmin }

const namespace = 'istio-system'
const gateway = 'istio-ingressgateway'
/** Of the pod that the Envoy stands for. */
const gatewayIp = '198.51.100.92'
const metricsPort = 15_090
const xdsPort = 15_010
const labels = { app: gateway, istio: 'ingressgateway' }

/** @throws Error where there can be none of it. */
export async function istioGround(): Promise<IstioGround> {
  const { envoy } = await findGatewayPrograms(() => undefined)
  const program = await findGoProgram(pilot, () => undefined)
  const module = await goModuleFolder(pilot.folder, 'istio.io/istio')
  const crds = [join(module, 'manifests/charts/base/files/crd-all.gen.yaml')]
  let admin: EnvoyAdmin | undefined
  const ground = await groundWith({
    ...{ name: 'istio', crds, url: 'http://127.0.0.1:80' },
    start: async (real, folder) => {
      const socket = join(folder, 'admin.sock')
      admin = envoyAdmin(socket)
      await standForGateway(real)
      const at = { host: gatewayIp, port: metricsPort }
      return [
        startPilot(real, program, folder),
        startEnvoy(real, envoy, { folder, socket }),
        await openEnvoyMetrics(real.real.pid, { admin, folder, at }),
      ]
    },
  })
  if (admin === undefined) throw new Error('nothing was started')
  return { ...ground, envoy: admin }
}

/** A pod that nobody runs, as the ingress gateway: of it Istio reads the labels, Prometheus where its numbers are. */
async function standForGateway({ cluster }: RealGround): Promise<void> {
  const annotations = { 'prometheus.io/path': '/stats/prometheus' }
  const container = { name: 'istio-proxy', image: 'envoy', ports: [{ containerPort: metricsPort }] }
  const metadata = { name: gateway, namespace, labels, annotations }
  await cluster.create<KubeObject & { readonly spec: object }>(kinds.pod, {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata },
    spec: {
      ...{ nodeName: 'outside', serviceAccountName: 'default', containers: [container] },
      automountServiceAccountToken: false,
    },
  })
  const conditions = [{ type: 'Ready', status: 'True' }]
  const status = { phase: 'Running', podIP: gatewayIp, podIPs: [{ ip: gatewayIp }], conditions }
  await cluster.patch(kinds.pod, metadata, 'merge', { status }, { subresource: 'status' })
}

function startPilot({ real }: RealGround, program: string, folder: string): Inside {
  const mesh = join(folder, 'mesh.yaml')
  // A stock Envoy has none of the filters that these would need.
  const defaultProviders = { metrics: [], tracing: [], accessLogging: [] }
  writeFileSync(mesh, JSON.stringify({ enableAutoMtls: false, defaultProviders }))
  const environment = {
    ...{ PILOT_ENABLE_METADATA_EXCHANGE: 'false', PILOT_ENABLE_ALPN_FILTER: 'false' },
    ...{ PILOT_CERT_PROVIDER: 'none', ENABLE_CA_SERVER: 'false' },
    ...{ VALIDATION_WEBHOOK_CONFIG_NAME: '', INJECTION_WEBHOOK_CONFIG_NAME: '' },
    ...{ PILOT_ENABLE_GATEWAY_API: 'false', POD_NAMESPACE: namespace },
  }
  const args = [
    ...['discovery', `--kubeconfig=${real.kubeconfigInside}`, `--meshConfig=${mesh}`],
    ...['--registries=Kubernetes', `--grpcAddr=127.0.0.1:${xdsPort}`, '--secureGRPCAddr='],
    ...['--httpsAddr=', '--httpAddr=127.0.0.1:15018', '--monitoringAddr=127.0.0.1:15014'],
    ...['--ctrlz_port=0', '--log_output_level=all:warn'],
  ]
  const given = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const log = join(folder, 'pilot.log')
  return startInside(real.pid, ['env', ...given, program, ...args], { log })
}

type EnvoyFiles = { readonly folder: string; readonly socket: string }

function startEnvoy({ real }: RealGround, program: string, { folder, socket }: EnvoyFiles): Inside {
  const boot = join(folder, 'envoy.json')
  writeFileSync(boot, JSON.stringify(bootstrap(socket)))
  const args = ['-c', boot, '--concurrency', '1', '--log-level', 'warning', '--use-dynamic-base-id']
  return startInside(real.pid, [program, ...args], { log: join(folder, 'envoy.log') })
}

/** Its pilot in plain text; all else comes from there. */
function bootstrap(adminSocket: string): object {
  const ads = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' }
  const socket_address = { address: '127.0.0.1', port_value: xdsPort }
  const name = 'xds-grpc'
  const http2 = {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  }
  return {
    node: {
      id: `router~${gatewayIp}~${gateway}.${namespace}~${namespace}.svc.cluster.local`,
      cluster: gateway,
      metadata: { LABELS: labels, NAMESPACE: namespace, INSTANCE_IPS: gatewayIp },
    },
    admin: { address: { pipe: { path: adminSocket } } },
    dynamic_resources: {
      lds_config: ads,
      cds_config: ads,
      ads_config: {
        ...{ api_type: 'GRPC', transport_api_version: 'V3', set_node_on_first_message_only: true },
        grpc_services: [{ envoy_grpc: { cluster_name: name } }],
      },
    },
    static_resources: {
      clusters: [
        {
          ...{ name, type: 'STATIC', connect_timeout: '1s' },
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2,
          },
          load_assignment: {
            cluster_name: name,
            endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address } } }] }],
          },
        },
      ],
    },
  }
}
