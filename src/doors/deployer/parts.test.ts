/** The pure parts: templates, Services, versions, log lines. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Descriptor, readDescriptor } from './descriptor.ts'
import { addLines, chunkBytes, logLine } from './log-lines.ts'
import { bridged, stayingService, versionedService } from './service.ts'
import { podTemplate } from './template.ts'
import { nextVersion } from './version.ts'

const of = (podspec: Descriptor['podspec'], more: Partial<Descriptor> = {}): Descriptor => ({
  namespace: 'default',
  appName: 'shop',
  newVersion: '#',
  deploymentType: 'blue-green',
  replicas: 1,
  podspec,
  ...more,
})
const container = { name: 'a', image: 'a' }

describe('pods', () => {
  test('get the defaults of the original, where nothing else is said', () => {
    const { spec } = podTemplate(
      of({ containers: [{ ...container, ports: [{ containerPort: 80 }] }] }),
      '1',
      [],
    )
    expect(spec).toMatchObject({
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      containers: [{ imagePullPolicy: 'Always', ports: [{ containerPort: 80, protocol: 'TCP' }] }],
    })
    const own = podTemplate(
      of({ dnsPolicy: 'Default', containers: [{ ...container, imagePullPolicy: 'Never' }] }),
      '1',
      [],
    )
    expect(own.spec).toMatchObject({
      dnsPolicy: 'Default',
      containers: [{ imagePullPolicy: 'Never' }],
    })
  })

  test('pull with the secrets of the pod spec and those beside it, each once', () => {
    const { spec } = podTemplate(
      of(
        { containers: [container], imagePullSecrets: [{ name: 'a' }] },
        { imagePullSecrets: [{ name: 'a' }, { name: 'b' }] },
      ),
      '1',
      [],
    )
    expect(spec['imagePullSecrets']).toEqual([{ name: 'a' }, { name: 'b' }])
  })

  test('all containers get the variables, and the platform has the last word', () => {
    const env = [
      { name: 'APP_NAME', value: 'wrong' },
      { name: 'OWN', value: 'x' },
    ]
    const { spec } = podTemplate(of({ containers: [{ ...container, env }, container] }), '7', [
      { name: 'SHARED', value: 's' },
    ])
    const names = spec.containers.map(({ env: all }) =>
      (all as readonly { name: string; value?: string }[]).map(({ name, value }) => [name, value]),
    )
    const platform = [
      ['APP_NAME', 'shop'],
      ['POD_NAMESPACE', 'default'],
      ['APP_VERSION', '7'],
      ['POD_NAME', undefined],
      ['SHARED', 's'],
    ]
    expect(names).toEqual([[['OWN', 'x'], ...platform], platform])
  })
})

describe('Services', () => {
  const ports = [{ containerPort: 80, name: 'http' }, { containerPort: 81 }]
  const descriptor = of({ containers: [{ ...container, ports }] })

  test('of a version have the numbers of the containers', () => {
    expect(versionedService(descriptor, '3').spec.ports).toEqual([
      { name: 'http', port: 80, targetPort: 80, protocol: 'TCP' },
      { name: 'port-81', port: 81, targetPort: 81, protocol: 'TCP' },
    ])
  })

  test('that stay lead to named ports by their names', () => {
    expect(stayingService(descriptor, '3').spec.ports).toEqual([
      { name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' },
      { name: 'port-81', port: 81, targetPort: 81, protocol: 'TCP' },
    ])
  })

  test('lead to old pods and new ones alike while they turn', () => {
    const before = [
      { name: 'http', port: 80 },
      { name: 'admin', port: 81 },
    ]
    const after = [
      { name: 'http', port: 8080 },
      { name: 'admin', port: 81 },
    ]
    expect(bridged(before, after)).toEqual([...before, { name: 'port-8080', port: 8080 }])
  })

  test('of pods without ports have 9999', () => {
    expect(versionedService(of({ containers: [container] }), '3').spec.ports).toMatchObject([
      { port: 9999 },
    ])
  })
})

describe('a version', () => {
  const rows: readonly [string, string, readonly string[], string][] = [
    ['of # begins with 1', '#', [], '1'],
    ['of # is one more than the highest known', '#', ['2', '10', '9'], '11'],
    ['of # passes over other versions', '#', ['1.0', 'beta', '3', '007', ''], '4'],
    ['of # is never one that was used', '#', ['5'], '6'],
    ['that is given is taken, in plain words', '1.0_RC', ['9'], '1-0-rc'],
  ]
  for (const [name, wanted, known, version] of rows) {
    test(name, () => expect(nextVersion(wanted, known)).toBe(version))
  }
})

describe('a descriptor', () => {
  test('may have a name of 63 characters with # for three, or fewer by setting', () => {
    const read = (appName: string, nameLimit: number): string =>
      readDescriptor({ ...of({ containers: [container] }), appName }, { nameLimit }).kind
    expect(read('a'.repeat(59), 63)).toBe('descriptor')
    expect(read('a'.repeat(60), 63)).toBe('problems')
    expect(read('a'.repeat(20), 24)).toBe('descriptor')
    expect(read('a'.repeat(21), 24)).toBe('problems')
  })

  test('of any JSON is read or refused, and nothing throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(readDescriptor(value, { nameLimit: 63 }).kind).toMatch(/descriptor|problems/)
      }),
    )
    fc.assert(
      fc.property(
        fc.record({ appName: fc.jsonValue(), podspec: fc.jsonValue(), webhooks: fc.jsonValue() }),
        (value) => {
          expect(readDescriptor(value, { nameLimit: 63 }).kind).toMatch(/descriptor|problems/)
        },
      ),
    )
  })
})

describe('a log', () => {
  test('has one line for each word, whatever is in it', () => {
    expect(logLine(0, 'a\r\nb\u2028c\u001b[31m')).toBe('1970-01-01T00:00:00.000Z a b c [31m')
  })

  test('is divided at a quarter of a megabyte, and no line is lost', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 40 }), { maxLength: 60 }),
        fc.nat(200),
        (lines, limit) => {
          const half = Math.floor(lines.length / 2)
          const begun = addLines([], lines.slice(0, half), limit + 41)
          const parts = [
            ...begun.slice(0, -1),
            ...addLines(begun.at(-1) ?? [], lines.slice(half), limit + 41),
          ]
          expect(parts.flat()).toEqual(lines)
          for (const part of parts)
            expect(
              part.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0),
            ).toBeLessThanOrEqual(
              Math.max(limit + 41, ...part.map((line) => Buffer.byteLength(line) + 1)),
            )
        },
      ),
    )
    expect(chunkBytes).toBe(262_144)
  })
})
