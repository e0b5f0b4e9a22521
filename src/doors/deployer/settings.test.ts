import { describe, expect, test } from 'vitest'
import { deployerEntry } from './entry.ts'
import { settingsOf } from './settings.ts'

/** What commander hands over where nothing is said. */
const defaults = Object.fromEntries(
  deployerEntry.options.flatMap(({ flags, value }) => {
    const [option = ''] = flags.split(' ')
    const name = option.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    return value === undefined ? [] : [[name, value] as const]
  }),
)
const read = (options: Record<string, string | boolean> = {}) =>
  settingsOf({ options: { ...defaults, ...options }, env: {} })

describe('settings', () => {
  test('the port is 8000', () => expect(deployerEntry.port).toBe(8000))

  test('limits are those of the original where nothing is said', () => {
    expect(read()).toMatchObject({
      timeoutMs: 60_000,
      drainMs: 20_000,
      workloads: 'ReplicaSet',
      front: { provider: 'nginx', ingressClass: 'nginx' },
      tlsRequired: false,
      environment: { configMap: undefined, etcd: undefined },
    })
    expect(settingsOf({ options: {}, env: {} })).toEqual(read())
  })

  test('a number alone is seconds', () => {
    expect(read({ deployerTimeout: '90', deployerProxysleep: '1m' })).toMatchObject({
      timeoutMs: 90_000,
      drainMs: 60_000,
    })
  })

  test("etcd's certificate is believed unseen only where that is said, and only etcd's", () => {
    const etcd = (options: Record<string, string | boolean>) =>
      read({ deployerEtcd: 'https://etcd:2379/', ...options }).environment.etcd
    expect(etcd({})).toMatchObject({ endpoints: ['https://etcd:2379'], skipVerify: false })
    expect(etcd({ deployerSkipServerCertValidation: true })).toMatchObject({ skipVerify: true })
  })

  const bad: readonly [Record<string, string>, string][] = [
    [{ deployerTimeout: 'soon' }, '--deployer-timeout soon is no duration'],
    [{ deployerNameLimit: '100' }, '--deployer-name-limit 100 makes no sense'],
    [{ deployerWorkloads: 'Pod' }, '--deployer-workloads Pod is unknown'],
    [{ deployerFront: 'haproxy' }, '--deployer-front haproxy is unknown'],
  ]
  for (const [options, why] of bad)
    test(`${JSON.stringify(options)} is refused`, () => expect(() => read(options)).toThrow(why))
})
