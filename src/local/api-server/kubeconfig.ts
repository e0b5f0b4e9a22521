/** The text of a kubeconfig file. */

/** A file with one cluster, one user by token, one context, namespace `default`. */
export function kubeconfigText(facts: {
  readonly url: string
  readonly caPem: string
  readonly token: string
}): string {
  const ca = Buffer.from(facts.caPem).toString('base64')
  return `apiVersion: v1
kind: Config
clusters:
- name: headgate-local
  cluster:
    server: ${facts.url}
    certificate-authority-data: ${ca}
users:
- name: headgate-local
  user:
    token: ${facts.token}
contexts:
- name: headgate-local
  context:
    cluster: headgate-local
    user: headgate-local
    namespace: default
current-context: headgate-local
`
}
