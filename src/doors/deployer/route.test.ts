import { describe, expect, test } from 'vitest'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import type { Ingress } from '#core/k8s/ingress.ts'
import type { Descriptor } from './descriptor.ts'
import { certificateNames, type Front, routeOf } from './route.ts'

const plain: Descriptor = {
  namespace: 'default',
  appName: 'shop',
  newVersion: '#',
  deploymentType: 'blue-green',
  replicas: 1,
  frontend: 'shop.example.com',
  podspec: { containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 8080 }] }] },
}
const owner = { apiVersion: 'headgate.dev/v1alpha1', kind: 'Release', name: 'shop', uid: 'u' }
const nginx: Front = { provider: 'nginx', ingressClass: 'nginx' }
const gateway: Front = {
  provider: 'gateway-api',
  gateway: { namespace: 'infra', name: 'public' },
}
const made = (front: Front, more: Partial<Descriptor> = {}, tlsSecret?: string) =>
  routeOf(front, { descriptor: { ...plain, ...more }, version: '3', owner, tlsSecret })
const said = (ingress: { readonly metadata: { readonly annotations?: object } }) =>
  ingress.metadata.annotations ?? {}

describe('by ingress-nginx', () => {
  test('one path of the host leads to the versioned Service', () => {
    const { main, beside, notes } = made(nginx)
    expect((main as Ingress).spec).toEqual({
      ingressClassName: 'nginx',
      rules: [
        {
          host: 'shop.example.com',
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: 'shop-3', port: { number: 8080 } } },
              },
            ],
          },
        },
      ],
    })
    expect(main.metadata.labels).toMatchObject({ 'headgate.dev/door': 'deployer' })
    expect([beside, notes]).toEqual([[], []])
  })

  test('of several ports the first that is not for health checks is meant', () => {
    const ports = [
      { containerPort: 9999, name: 'healthcheck' },
      { containerPort: 80, name: 'http' },
    ]
    const { main } = made(nginx, { podspec: { containers: [{ name: 'a', image: 'a', ports }] } })
    expect(JSON.stringify(main)).toContain('"port":{"number":80}')
  })

  test('www leads to the host for good, and is sent to the Service that stays', () => {
    const { beside } = made(nginx, { redirectWww: true })
    const [redirect] = beside as readonly Ingress[]
    expect(redirect?.metadata.name).toBe('shop-www-redirect')
    expect(redirect?.spec?.rules?.[0]).toMatchObject({
      host: 'www.shop.example.com',
      http: { paths: [{ backend: { service: { name: 'shop' } } }] },
    })
    expect(said(redirect as Ingress)).toMatchObject({
      'nginx.ingress.kubernetes.io/permanent-redirect': 'https://shop.example.com$request_uri',
    })
  })

  test('headers go into a ConfigMap, never into a snippet', () => {
    const { main, beside } = made(nginx, {
      additionHttpHeaders: [{ Header: 'X-TEST', Value: '"; more_set_headers "X-Evil: 1' }],
    })
    expect(said(main)).toMatchObject({
      'nginx.ingress.kubernetes.io/custom-headers': 'default/shop-headers',
    })
    expect(beside[0]).toMatchObject({
      kind: 'ConfigMap',
      data: { 'X-TEST': '"; more_set_headers "X-Evil: 1' },
    })
    expect(JSON.stringify([main, beside])).not.toContain('snippet')
  })

  test('sticky sessions are an affinity by cookie, with the prefix of today', () => {
    expect(said(made(nginx, { useStickySessions: true }).main)).toMatchObject({
      'nginx.ingress.kubernetes.io/affinity': 'cookie',
    })
  })

  test('a certificate that was found makes TLS of the host', () => {
    const { main } = made(nginx, {}, 'cert')
    expect((main as Ingress).spec?.tls).toEqual([
      { hosts: ['shop.example.com'], secretName: 'cert' },
    ])
  })

  test('compression is told as what an Ingress cannot do', () => {
    expect(made(nginx, { useCompression: true }).notes).toEqual([
      'the router nginx cannot compress answers; it is left out: set use-gzip in the ConfigMap of ingress-nginx',
    ])
  })
})

describe('by HTTPRoute', () => {
  test('the host leads to the versioned Service through the Gateway of the setting', () => {
    expect((made(gateway).main as HttpRoute).spec).toEqual({
      parentRefs: [{ name: 'public', namespace: 'infra' }],
      hostnames: ['shop.example.com'],
      rules: [{ backendRefs: [{ name: 'shop-3', port: 8080 }] }],
    })
  })

  test('headers and www are filters, and compression is told as what it cannot do', () => {
    const { main, beside, notes } = made(gateway, {
      redirectWww: true,
      useCompression: true,
      additionHttpHeaders: [{ Header: 'X-TEST', Value: 'a' }],
    })
    expect((main as HttpRoute).spec.rules?.[0]?.filters).toEqual([
      {
        type: 'ResponseHeaderModifier',
        responseHeaderModifier: { set: [{ name: 'X-TEST', value: 'a' }] },
      },
    ])
    expect((beside[0] as HttpRoute).spec).toMatchObject({
      hostnames: ['www.shop.example.com'],
      rules: [
        {
          filters: [
            {
              type: 'RequestRedirect',
              requestRedirect: { scheme: 'https', hostname: 'shop.example.com', statusCode: 301 },
            },
          ],
        },
      ],
    })
    expect(notes.join()).toContain('cannot compress answers')
  })
})

describe('a certificate is looked for', () => {
  const rows: readonly [string, Partial<Descriptor>, readonly string[]][] = [
    [
      'under the name of the host, then of the domains above',
      {},
      ['shop.example.com', 'example.com'],
    ],
    [
      'first under the name that is given',
      { tlsSecretName: 'mine' },
      ['mine', 'shop.example.com', 'example.com'],
    ],
    ['of a host of two words there is nothing above', { frontend: 'example.com' }, ['example.com']],
    [
      'each domain above comes in its turn',
      { frontend: 'a.b.example.com' },
      ['a.b.example.com', 'b.example.com', 'example.com'],
    ],
  ]
  for (const [name, more, names] of rows) {
    test(name, () => expect(certificateNames({ ...plain, ...more })).toEqual(names))
  }
})
