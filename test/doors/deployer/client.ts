/** The deployer's client as CI scripts have it: paths, bodies and codes of the document, and polling. */
import { request } from 'undici'
import type { Descriptor } from '#doors/deployer/descriptor.ts'

export type Answered = {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

export class Client {
  readonly url: string
  readonly namespace: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(url: string, namespace = 'default', headers: Readonly<Record<string, string>> = {}) {
    this.url = url
    this.namespace = namespace
    this.#headers = headers
  }

  async ask(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answered> {
    const answer = await request(`${this.url}${path}`, {
      method,
      headers: {
        // As curl sends a body that is given with -d.
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...this.#headers,
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    })
    return {
      status: answer.statusCode,
      body: await answer.body.text(),
      headers: Object.fromEntries(
        Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
      ),
    }
  }

  /** POST of a descriptor; its id. */
  async describe(descriptor: unknown): Promise<string> {
    const { status, headers, body } = await this.ask(
      'POST',
      `/descriptors/?namespace=${this.namespace}`,
      descriptor,
    )
    if (status !== 201) throw new Error(`${status} ${body}`)
    return idIn(headers['location'])
  }

  /** Starts a deployment; its id. */
  async deploy(descriptorId: string): Promise<string> {
    const { status, headers, body } = await this.ask(
      'POST',
      `/deployments/?namespace=${this.namespace}&descriptorId=${descriptorId}`,
    )
    if (status !== 202) throw new Error(`${status} ${body}`)
    return idIn(headers['location'])
  }

  async deployment(id: string): Promise<Deployment> {
    const { body } = await this.ask('GET', `/deployments/${id}/?namespace=${this.namespace}`)
    return JSON.parse(body) as Deployment
  }

  async logs(id: string): Promise<string> {
    const { body } = await this.ask('GET', `/deployments/${id}/logs?namespace=${this.namespace}`)
    return body
  }

  /** Polls, as scripts do, until the deployment is at rest; its status. */
  async settled(id: string): Promise<Deployment> {
    for (;;) {
      const found = await this.deployment(id)
      if (!['DEPLOYING', 'UNDEPLOYING'].includes(found.status)) return found
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

export type Deployment = {
  readonly id: string
  readonly status: string
  readonly version: string
  readonly created: string
  readonly lastModified: string
  readonly descriptor: Descriptor
}

export function idIn(location: string | undefined): string {
  return /^\/[a-z]+\/([^/]+)\/\?namespace=/.exec(location ?? '')?.[1] ?? ''
}

/** The document's descriptor, with a container of the local cluster. */
export function descriptorOf(appName: string, more: Record<string, unknown> = {}) {
  const { tag = 'v1', ...rest } = more
  return {
    namespace: 'default',
    appName,
    newVersion: '#',
    webhooks: [{ key: 'k1', description: 'ci' }],
    deploymentType: 'blue-green',
    replicas: 2,
    frontend: `${appName}.example.com`,
    useHealthCheck: true,
    healthCheckPath: 'health',
    healthCheckType: 'probe',
    podspec: {
      containers: [
        {
          name: appName,
          image: `example/${appName}:${String(tag)}`,
          ports: [{ containerPort: 8080, name: 'http' }],
        },
      ],
    },
    ...rest,
  }
}
