/** What is known of the deployer's face before any of its code is loaded: its options. */
import type { FaceEntry } from '../face.ts'
import { deployerCrds } from './crds.ts'

export const deployerEntry: FaceEntry = {
  name: 'deployer',
  port: 8000,
  about: 'where descriptors and deployments are asked for',
  crds: deployerCrds,
  options: [
    {
      flags: '--deployer-auth <kind>',
      description: 'jwt, kubernetes or none; without, loopback alone',
    },
    { flags: '--deployer-jwt-keys <file>', description: 'public keys: PEM, or a JWK set' },
    { flags: '--deployer-jwt-secret-file <file>', description: 'the shared secret of HS256' },
    { flags: '--deployer-jwt-jwks <url>', description: 'address of a JWK set' },
    { flags: '--deployer-jwt-jwks-ca <file>', description: 'certificates to trust for it' },
    { flags: '--deployer-jwt-issuer <name>', description: 'issuer that a token must have' },
    { flags: '--deployer-jwt-audience <name>', description: 'audience that a token must have' },
    {
      flags: '--deployer-jwt-namespaces-claim <name>',
      description: 'claim with the list of namespaces',
      value: 'namespaces',
    },
    {
      flags: '--deployer-jwt-admin-claim <name>',
      description: 'claim that is true for who may everything',
      value: 'admin',
    },
    {
      flags: '--deployer-timeout <duration>',
      description: 'limit for pods to become healthy',
      value: '60s',
    },
    {
      flags: '--deployer-proxysleep <duration>',
      description: 'the old version stays for so long after the switch',
      value: '20s',
    },
    {
      flags: '--deployer-name-limit <n>',
      description: 'characters of APP-VERSION; 24 for very old clusters',
      value: '63',
    },
    {
      flags: '--deployer-workloads <kind>',
      description: 'ReplicaSet or ReplicationController',
      value: 'ReplicaSet',
    },
    { flags: '--deployer-front <provider>', description: 'nginx or gateway-api', value: 'nginx' },
    { flags: '--deployer-ingress-class <name>', description: 'of Ingresses', value: 'nginx' },
    {
      flags: '--deployer-gateway <[namespace/]name>',
      description: 'the Gateway of HTTPRoutes',
      value: 'gateway',
    },
    { flags: '--deployer-require-tls', description: 'a frontend without a certificate fails' },
    {
      flags: '--deployer-environment-configmap <name>',
      description: "ConfigMap in an application's namespace with variables for its pods",
    },
    {
      flags: '--deployer-etcd <urls>',
      description: 'etcd with variables under /deployer/environment/; HEADGATE_ETCD_PASSWORD',
    },
    { flags: '--deployer-etcd-username <name>', description: 'of etcd' },
    { flags: '--deployer-etcd-ca <file>', description: 'certificates to trust for etcd' },
    { flags: '--deployer-etcd-cert <file>', description: 'our certificate for etcd' },
    { flags: '--deployer-etcd-key <file>', description: 'its key' },
    {
      flags: '--deployer-skip-server-cert-validation',
      description: 'believe any certificate of etcd',
    },
  ],
  load: async () => (await import('./face.ts')).deployerFace,
}
