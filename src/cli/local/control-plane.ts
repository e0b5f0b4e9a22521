/** A real control plane on loopback: etcd, kube-apiserver with RBAC and an audit log, kube-controller-manager. */
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthority } from '#kube/authority.ts'
import { type ClusterConfig, plainConfig } from '#kube/cluster-config.ts'
import type { Transport } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { socketTransport } from '#kube/transport.ts'
import { kubeconfigText } from '#local/api-server/kubeconfig.ts'
import type { Binaries } from './binaries.ts'

/** Someone with a token of their own. */
export type Person = { readonly name: string; readonly groups: readonly string[] }

export type ControlPlaneOptions = {
  readonly binaries: Binaries
  readonly ports: Ports
  /** Default: the controllers a cluster of ours has; an empty list starts no controller manager. */
  readonly controllers?: readonly string[]
  /** People beside the admin, by a token of theirs. */
  readonly people?: readonly Person[]
  readonly audit?: boolean
  /** Further flags of the API server. */
  readonly apiServerFlags?: readonly string[]
}

export type ControlPlane = {
  readonly url: string
  readonly caPem: string
  /** The admin's. */
  readonly token: string
  readonly tokenOf: (person: string) => string
  readonly kubeconfig: (url?: string) => string
  readonly config: (token?: string) => ClusterConfig
  /** A client's way in, as the admin or as the owner of a token. */
  readonly transport: (token?: string) => Transport
  /** Lines of the audit log, as objects. */
  readonly audit: () => readonly AuditLine[]
  /** Of one of the programs, for tests that kill or pause it. */
  readonly process: (program: 'etcd' | 'kube-apiserver' | 'kube-controller-manager') => ChildProcess
  /** Ends the API server and starts it once more, on the same port with the same data. */
  readonly restartApiServer: () => Promise<void>
  /** Makes etcd forget all history, so that no watch can go on from before. */
  readonly compact: () => Promise<void>
  readonly folder: string
  readonly stop: () => Promise<void>
}

export type AuditLine = {
  readonly verb: string
  readonly requestURI: string
  readonly userAgent?: string
  /** When the request came and when its answer was out. */
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
  readonly user: { readonly username: string }
  readonly objectRef?: {
    readonly resource?: string
    readonly apiGroup?: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
  }
  readonly responseStatus?: { readonly code?: number }
}

const usualControllers = [
  'deployment-controller',
  'replicaset-controller',
  'replicationcontroller-controller',
  'endpoints-controller',
  'endpointslice-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'serviceaccount-controller',
  'root-ca-certificate-publisher-controller',
  'clusterrole-aggregation-controller',
] as const

/** @throws Error with the last lines of the log of whatever did not start. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-control-plane-'))
  const plane = new Plane(folder, options)
  try {
    await plane.start()
    return plane.face()
  } catch (error) {
    await plane.stop()
    throw error
  }
}

type Running = { readonly child: ChildProcess; readonly ended: Promise<void> }
type ProgramName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager'

class Plane {
  readonly #folder: string
  readonly #options: ControlPlaneOptions
  readonly #running = new Map<ProgramName, Running>()
  readonly #tokens = new Map<string, string>()
  #caPem = ''
  #port = 0
  #etcd = ''

  constructor(folder: string, options: ControlPlaneOptions) {
    this.#folder = folder
    this.#options = options
  }

  async start(): Promise<void> {
    const [client, peer, api] = (await freePorts(3)) as [number, number, number]
    this.#port = api
    await this.#writeFiles()
    this.#etcd = `http://127.0.0.1:${client}`
    const peerUrl = `http://127.0.0.1:${peer}`
    this.#run('etcd', [
      `--data-dir=${this.#file('etcd')}`,
      `--listen-client-urls=${this.#etcd}`,
      `--advertise-client-urls=${this.#etcd}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      '--unsafe-no-fsync',
      '--log-level=error',
    ])
    this.#startApiServer()
    await this.#ready()
    const { controllers = usualControllers } = this.#options
    if (controllers.length > 0) this.#startControllers(controllers)
  }

  face(): ControlPlane {
    const url = `https://127.0.0.1:${this.#port}`
    const caPem = this.#caPem
    const token = this.#tokenOf('kubernetes-admin')
    const config = (given = token) =>
      plainConfig(url, {
        tls: { ca: caPem, insecure: false, serverName: undefined, certificate: undefined },
        credentials: { kind: 'token', token: given },
      })
    return {
      url,
      caPem,
      token,
      folder: this.#folder,
      tokenOf: (person) => this.#tokenOf(person),
      kubeconfig: (other = url) => kubeconfigText({ url: other, caPem, token }),
      config,
      transport: (given) => socketTransport(config(given), this.#options.ports),
      audit: () => auditLines(this.#file('audit.log')),
      process: (program) => this.#child(program),
      restartApiServer: async () => {
        await this.#end('kube-apiserver')
        this.#startApiServer()
        await this.#ready()
      },
      compact: () => this.#compact(),
      stop: () => this.stop(),
    }
  }

  async stop(): Promise<void> {
    for (const program of ['kube-controller-manager', 'kube-apiserver', 'etcd'] as const) {
      await this.#end(program)
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #compact(): Promise<void> {
    const ask = async (path: string, body: object): Promise<{ header: { revision: string } }> => {
      const answer = await fetch(`${this.#etcd}/v3/kv/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      })
      if (!answer.ok) throw new Error(`etcd: ${path}: ${await answer.text()}`)
      return (await answer.json()) as { header: { revision: string } }
    }
    const { header } = await ask('range', { key: 'AA==' })
    await ask('compaction', { revision: header.revision, physical: true })
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }

  #tokenOf(person: string): string {
    const token = this.#tokens.get(person)
    if (token === undefined) throw new Error(`nobody is called ${person} on this control plane`)
    return token
  }

  #child(program: ProgramName): ChildProcess {
    const running = this.#running.get(program)
    if (running === undefined) throw new Error(`${program} does not run`)
    return running.child
  }

  async #writeFiles(): Promise<void> {
    const { ports, people = [] } = this.#options
    const { caPem, issue } = await createAuthority(ports)
    const names = ['localhost', 'kubernetes', 'kubernetes.default.svc']
    const { certPem, keyPem } = await issue(names, ['127.0.0.1', '10.96.0.1'])
    this.#caPem = caPem
    const admin = { name: 'kubernetes-admin', groups: ['system:masters'] }
    const lines = [admin, ...people].map(({ name, groups }) => {
      const token = randomBytes(24).toString('base64url')
      this.#tokens.set(name, token)
      return `${token},${name},,"${groups.join(',')}"`
    })
    const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const files = {
      'ca.pem': caPem,
      'cert.pem': certPem,
      'key.pem': keyPem,
      'tokens.csv': `${lines.join('\n')}\n`,
      'signing.pem': signing.export({ type: 'sec1', format: 'pem' }).toString(),
      'audit.yaml': auditPolicy,
    }
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(this.#file(name), text, { mode: 0o600 })
    }
    const url = `https://127.0.0.1:${this.#port}`
    const token = this.#tokenOf('kubernetes-admin')
    writeFileSync(this.#file('kubeconfig'), kubeconfigText({ url, caPem, token }), { mode: 0o600 })
  }

  #startApiServer(): void {
    const audit = [
      `--audit-policy-file=${this.#file('audit.yaml')}`,
      `--audit-log-path=${this.#file('audit.log')}`,
    ]
    this.#run('kube-apiserver', [
      `--etcd-servers=${this.#etcd}`,
      `--secure-port=${this.#port}`,
      '--bind-address=127.0.0.1',
      // Loopback would be refused, and a machine without default route has no other to offer.
      '--advertise-address=198.51.100.5',
      '--endpoint-reconciler-type=none',
      `--cert-dir=${this.#folder}`,
      `--tls-cert-file=${this.#file('cert.pem')}`,
      `--tls-private-key-file=${this.#file('key.pem')}`,
      `--service-account-key-file=${this.#file('signing.pem')}`,
      `--service-account-signing-key-file=${this.#file('signing.pem')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--token-auth-file=${this.#file('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/12',
      '--allow-privileged',
      '--kubelet-preferred-address-types=InternalIP',
      ...((this.#options.audit ?? true) ? audit : []),
      ...(this.#options.apiServerFlags ?? []),
    ])
  }

  #startControllers(controllers: readonly string[]): void {
    this.#run('kube-controller-manager', [
      `--kubeconfig=${this.#file('kubeconfig')}`,
      '--leader-elect=false',
      '--secure-port=0',
      `--controllers=${controllers.join(',')}`,
      `--root-ca-file=${this.#file('ca.pem')}`,
      '--kube-api-qps=200',
      '--kube-api-burst=400',
    ])
  }

  #run(program: ProgramName, args: readonly string[]): void {
    const binary = this.#options.binaries[program]
    // Also when we are killed ourselves, it goes: nothing else would end it.
    const bound = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL'] : []
    const [first = binary, ...rest] = [...bound, binary, ...args]
    const child = spawn(first, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.#folder,
      env: { GOGC: rareCollection, ...process.env },
    })
    const log = createWriteStream(this.#file(`${program}.log`), { flags: 'a' })
    child.stdout?.pipe(log, { end: false })
    child.stderr?.pipe(log, { end: false })
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.once('error', () => resolve())
    })
    void ended.then(() => log.end())
    this.#running.set(program, { child, ended })
  }

  async #end(program: ProgramName): Promise<void> {
    const running = this.#running.get(program)
    if (running === undefined) return
    this.#running.delete(program)
    // Nothing of it is kept, so nothing has to be put away in order.
    running.child.kill('SIGKILL')
    await running.ended
  }

  async #ready(): Promise<void> {
    const { ports } = this.#options
    const transport = this.face().transport()
    const deadline = ports.clock.monotonic() + startMs
    try {
      for (;;) {
        this.#checkAlive()
        if (await answersReady(transport)) return
        if (ports.clock.monotonic() > deadline) {
          throw new Error(
            `kube-apiserver is not ready after ${startMs / 1000} s: ${this.#tail('kube-apiserver')}`,
          )
        }
        await new Promise<void>((resolve) => ports.clock.after(100, resolve))
      }
    } finally {
      await transport.close()
    }
  }

  #checkAlive(): void {
    for (const [program, { child }] of this.#running) {
      if (child.exitCode !== null || child.pid === undefined) {
        throw new Error(`${program} ended at once: ${this.#tail(program)}`)
      }
    }
  }

  #tail(program: ProgramName): string {
    try {
      return readFileSync(this.#file(`${program}.log`), 'utf8')
        .split('\n')
        .slice(-4)
        .join(' | ')
    } catch {
      return 'it said nothing'
    }
  }
}

const startMs = 60_000

/** Of Go's garbage, in per cent of what lives: an API server is ready in two thirds of the time, and takes 100 MiB more. */
const rareCollection = '400'

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`

async function answersReady(transport: Transport): Promise<boolean> {
  try {
    const { status, body } = await transport.send({ method: 'GET', path: '/readyz', headers: {} })
    for await (const _ of body) {
      // Read to the end, so that the connection can be used again.
    }
    return status === 200
  } catch {
    return false
  }
}

function auditLines(path: string): readonly AuditLine[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditLine)
}

/** Free now; held all at once, so that no two are the same. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(0, '127.0.0.1', resolve)
      })
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
