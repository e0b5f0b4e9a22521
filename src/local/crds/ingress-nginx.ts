/** The class by which Ingresses name ingress-nginx, as its own installation makes it. */
import type { KubeObject } from '#core/k8s/meta.ts'

export const nginxIngressClass: KubeObject & { readonly spec: { readonly controller: string } } = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: { name: 'nginx', labels: { 'app.kubernetes.io/name': 'ingress-nginx' } },
  spec: { controller: 'k8s.io/ingress-nginx' },
}
