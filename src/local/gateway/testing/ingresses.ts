/** For tests: Ingresses in few words. */
import { kinds } from '#core/k8s/kinds.ts'
import type { TestCluster } from './test-cluster.ts'

export type IngressWords = {
  /** Default `shop.test`; empty for none. */
  readonly host?: string
  /** Default `/`. */
  readonly path?: string
  /** Default `Prefix`. */
  readonly pathType?: string
  readonly service: string
  /** Default 80. */
  readonly port?: number | string
  /** Without their prefix. */
  readonly annotations?: Readonly<Record<string, string>>
  readonly className?: string
  readonly tls?: readonly object[]
}

/** Puts an Ingress of class `nginx`. */
export function putIngress(
  { put }: Pick<TestCluster, 'put'>,
  name: string,
  words: IngressWords,
): Promise<void> {
  const { host = 'shop.test', path = '/', pathType = 'Prefix', service, port = 80 } = words
  const annotations = Object.fromEntries(
    Object.entries(words.annotations ?? {}).map(([key, value]) => [
      `nginx.ingress.kubernetes.io/${key}`,
      value,
    ]),
  )
  const backend = {
    service: { name: service, port: typeof port === 'number' ? { number: port } : { name: port } },
  }
  return put(kinds.ingress, {
    metadata: { name, annotations },
    spec: {
      ingressClassName: words.className ?? 'nginx',
      ...(words.tls === undefined ? {} : { tls: words.tls }),
      rules: [
        {
          ...(host === '' ? {} : { host }),
          http: { paths: [{ path, pathType, backend }] },
        },
      ],
    },
  })
}

/** The annotations of a canary. */
export function canary(rest: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { canary: 'true', ...rest }
}
