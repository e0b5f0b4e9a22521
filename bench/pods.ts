/** Pods of a small service, straight into an API server without sockets, as its controllers and kubelets write them. */

import type { HttpRequest, HttpResponse } from '#kube/http.ts'
import { systemPorts } from '#kube/system.ts'
import { type ApiServer, admin, createApiServer } from '#local/api-server/api-server.ts'

export const podPath = '/api/v1/namespaces/default/pods'

export type Writer = {
  readonly server: ApiServer
  /** @throws Error for every answer but a success. */
  readonly send: (
    method: HttpRequest['method'],
    path: string,
    body: unknown,
    type?: string,
  ) => Promise<HttpResponse>
}

export async function startWriter(): Promise<Writer> {
  const server = await createApiServer(systemPorts())
  return {
    server,
    send: async (method, path, body, type = 'application/json') => {
      const headers = { 'content-type': type, 'user-agent': 'bench/1' }
      const text = body === undefined ? {} : { body: JSON.stringify(body) }
      const answer = await server.handle({ method, path, headers, ...text }, { user: admin })
      if (answer.status >= 300) throw new Error(`${method} ${path} was answered ${answer.status}`)
      return answer
    },
  }
}

export const podName = (index: number): string => `shop-6f9c7d5b4-${String(index).padStart(5, '0')}`

export function pod(index: number) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(index),
      labels: { app: 'shop', 'pod-template-hash': '6f9c7d5b4' },
      annotations: { 'example.com/team': 'checkout' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'shop-6f9c7d5b4',
          uid: '00000000-0000-4000-8000-000000000000',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      containers: [
        {
          name: 'app',
          image: 'shop:v1',
          ports: [{ containerPort: 8080 }],
          env: [{ name: 'LEVEL', value: 'info' }],
          resources: { requests: { cpu: '100m', memory: '64Mi' } },
          readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 5 },
        },
      ],
    },
  }
}

/** What a kubelet says of a pod; every round something else. */
export function podStatus(round: number) {
  const at = '2026-01-01T00:00:00Z'
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
    type,
    status: round % 2 === 0 ? 'True' : 'False',
    lastTransitionTime: at,
  }))
  const state = { running: { startedAt: at } }
  const container = { name: 'app', image: 'shop:v1', imageID: 'shop@sha256:0', ready: true }
  return {
    status: {
      phase: 'Running',
      conditions,
      podIP: '127.0.0.1',
      startTime: at,
      containerStatuses: [{ ...container, restartCount: round, started: true, state }],
    },
  }
}

export const merge = 'application/merge-patch+json'
export const strategic = 'application/strategic-merge-patch+json'
