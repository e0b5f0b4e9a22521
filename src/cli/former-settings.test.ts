/** Settings of old, which the documents of others name. */
import { expect, test } from 'vitest'
import { formerSettings } from './former-settings.ts'

const rows: readonly [string, Record<string, string>, object | undefined][] = [
  [
    'M15: address, token and namespace',
    { K8S_API_SERVER: 'https://k:6443', TOKEN: 't', NAMESPACE: 'n' },
    { server: 'https://k:6443', token: 't', namespace: 'n' },
  ],
  ['the address alone', { K8S_API_SERVER: 'https://k:6443' }, { server: 'https://k:6443' }],
  ['without an address the others mean something else', { TOKEN: 't', NAMESPACE: 'n' }, undefined],
  ['an empty address is none', { K8S_API_SERVER: '', TOKEN: 't' }, undefined],
]
for (const [name, env, expected] of rows) {
  test(name, () => expect(formerSettings(env)).toEqual(expected))
}
