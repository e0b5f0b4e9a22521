/** The text of a kubeconfig file. */

/** How a client shows who it is. */
export type ClientCredentials =
  | { readonly token: string }
  | { readonly certPem: string; readonly keyPem: string }

/** A file with one cluster, one user, one context, namespace `default`. */
export function kubeconfigText(
  facts: { readonly url: string; readonly caPem: string } & ClientCredentials,
): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: headgate-local
  cluster:
    server: ${facts.url}
    certificate-authority-data: ${base64(facts.caPem)}
users:
- name: headgate-local
  user:
${credentialLines(facts)}
contexts:
- name: headgate-local
  context:
    cluster: headgate-local
    user: headgate-local
    namespace: default
current-context: headgate-local
`
}

function credentialLines(credentials: ClientCredentials): string {
  if ('token' in credentials) return `    token: ${credentials.token}`
  const { certPem, keyPem } = credentials
  return `    client-certificate-data: ${base64(certPem)}\n    client-key-data: ${base64(keyPem)}`
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
