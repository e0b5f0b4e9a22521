/** Which addresses may be asked, in every notation someone may try. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { canonical, classOf, isWithin } from './address.ts'
import {
  type AddressRules,
  refuseAddress,
  refuseUrl,
  serviceIn,
  strictRules,
} from './address-guard.ts'

const classes: readonly [string, ReturnType<typeof classOf>][] = [
  ['127.0.0.1', 'loopback'],
  ['127.255.0.9', 'loopback'],
  ['::1', 'loopback'],
  ['[::1]', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['64:ff9b::7f00:1', 'loopback'],
  ['64:ff9b:1::7f00:1', 'loopback'],
  ['2002:7f00:1::', 'loopback'],
  ['::127.0.0.1', 'loopback'],
  ['169.254.169.254', 'link-local'],
  ['::ffff:169.254.169.254', 'link-local'],
  ['fe80::1%eth0', 'link-local'],
  ['febf::1', 'link-local'],
  ['fd00:ec2::254', 'link-local'],
  ['0.0.0.0', 'special'],
  ['0.1.2.3', 'special'],
  ['::', 'special'],
  ['224.0.0.1', 'special'],
  ['255.255.255.255', 'special'],
  ['ff02::1', 'special'],
  ['10.1.2.3', 'private'],
  ['172.16.0.1', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd12::1', 'private'],
  ['8.8.8.8', 'public'],
  ['2001:db8::1', 'public'],
  ['prometheus', undefined],
  ['1.2.3', undefined],
]
for (const [address, expected] of classes) {
  test(`${address} is ${expected ?? 'no address'}`, () => assert.equal(classOf(address), expected))
}

test('notations of one address are one address', () => {
  assert.equal(canonical('::ffff:10.0.0.1'), '10.0.0.1')
  assert.equal(canonical('2001:DB8:0:0::1'), canonical('[2001:db8::1]'))
  assert.deepEqual(
    [
      isWithin('10.1.2.3', '10.1.0.0/16'),
      isWithin('10.2.0.0', '10.1.0.0/16'),
      isWithin('::ffff:10.1.2.3', '10.1.2.3'),
    ],
    [true, false, true],
  )
  assert.deepEqual(
    [isWithin('fd00::5', 'fd00::/8'), isWithin('fe00::5', 'fd00::/8')],
    [true, false],
  )
  assert.deepEqual(
    [isWithin('10.1.2.3', 'example.com'), isWithin('10.1.2.3', '10.0.0.0/x')],
    [false, false],
  )
})

const listed: AddressRules = {
  ...strictRules,
  allow: ['metrics.example:9090', '*.corp.example', '10.9.0.0/16', '169.254.7.7'],
  apiServer: ['10.96.0.1', 'api.example'],
}
const local: AddressRules = { ...strictRules, loopback: true }

const urls: readonly [string, AddressRules, RegExp | undefined][] = [
  ['http://prometheus.monitoring.svc:9090/api/v1/query?x', strictRules, undefined],
  ['http://prometheus.monitoring.svc', strictRules, undefined],
  ['http://Prometheus.Monitoring.SVC.cluster.local./', strictRules, undefined],
  ['https://prometheus.monitoring.svc', strictRules, /not a service of the cluster/],
  ['http://prometheus.monitoring', strictRules, /not a service of the cluster/],
  ['http://a.b.svc.evil.example', strictRules, /not a service of the cluster/],
  ['http://kubernetes.default.svc', strictRules, /is the API server/],
  ['http://kubernetes.default.svc.cluster.local:443', strictRules, /is the API server/],
  ['http://localhost:8080', strictRules, /this very host/],
  ['http://x.localhost', strictRules, /this very host/],
  ['http://127.1', strictRules, /this very host/],
  ['http://2130706433', strictRules, /this very host/],
  ['http://0x7f.1', strictRules, /this very host/],
  ['http://[::ffff:127.0.0.1]', strictRules, /this very host/],
  ['http://169.254.169.254/latest', strictRules, /link-local/],
  ['http://0/', strictRules, /no address of a server/],
  ['http://10.0.0.5:9090', strictRules, /is not allowed; write http/],
  ['http://metrics.example:9090', strictRules, /--allow-address metrics.example:9090/],
  ['ftp://prometheus.monitoring.svc', strictRules, /neither http nor https/],
  ['file:///etc/passwd', strictRules, /neither http nor https/],
  ['http://ann:pw@prometheus.monitoring.svc', strictRules, /shows its credentials/],
  ['prometheus:9090', strictRules, /neither http nor https/],
  ['//', strictRules, /is not a URL/],
  ['http://metrics.example:9090', listed, undefined],
  ['http://metrics.example:9091', listed, /not a service/],
  ['https://x.corp.example', listed, undefined],
  ['https://corp.example', listed, /not a service/],
  ['https://evilcorp.example', listed, /not a service/],
  ['http://10.9.3.4', listed, undefined],
  ['http://169.254.7.7', listed, undefined],
  ['http://169.254.169.254', listed, /link-local/],
  ['http://10.96.0.1', listed, /is the API server/],
  ['https://API.example', listed, /is the API server/],
  ['http://127.0.0.1:9090', local, undefined],
  ['http://localhost:9090', local, undefined],
  ['http://169.254.169.254', local, /link-local/],
]
for (const [url, rules, refusal] of urls) {
  test(`${url} ${refusal === undefined ? 'may be asked' : `is refused: ${refusal.source}`}`, () => {
    const why = refuseUrl(url, rules)
    if (refusal === undefined) assert.equal(why, undefined)
    else assert.match(why ?? '', refusal)
  })
}

const connections: readonly [string, AddressRules, boolean][] = [
  ['10.2.3.4', strictRules, true],
  ['fd12::1', strictRules, true],
  ['127.0.0.1', strictRules, false],
  ['169.254.169.254', strictRules, false],
  ['10.96.0.1', listed, false],
  ['::ffff:10.96.0.1', listed, false],
  ['0.0.0.0', local, false],
  ['127.0.0.1', local, true],
]
for (const [address, rules, allowed] of connections) {
  test(`a name that leads to ${address} is ${allowed ? 'followed' : 'not followed'}`, () => {
    assert.equal(refuseAddress(address, true, rules) === undefined, allowed)
  })
}

test('a password in an address is never repeated', () => {
  assert.doesNotMatch(refuseUrl('http://ann:secret@x.y.svc', strictRules) ?? '', /secret/)
})

test('service names are read as Kubernetes writes them', () => {
  assert.deepEqual(serviceIn('a.b.svc'), { name: 'a', namespace: 'b' })
  assert.deepEqual(
    ['a.svc', 'a.b.c.svc', '-a.b.svc', 'a_b.c.svc', 'a.b.svc.cluster', 'a..svc'].map(serviceIn),
    Array(6).fill(undefined),
  )
})
