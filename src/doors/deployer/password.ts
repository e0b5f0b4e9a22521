/** Decision 20: the password of a descriptor is a Secret of its own, which goes with its record. */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { DescriptorRecord } from './kinds.ts'
import { ofDoor, passwordName } from './names.ts'

export type PasswordSecret = KubeObject & { readonly data: { readonly password: string } }

export function passwordSecret(
  { apiVersion, kind, metadata }: DescriptorRecord,
  password: string,
): PasswordSecret {
  const { name, namespace = 'default', uid = '' } = metadata
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: passwordName(name),
      namespace,
      labels: ofDoor,
      ownerReferences: [{ apiVersion, kind, name, uid }],
    },
    data: { password: Buffer.from(password).toString('base64') },
  }
}
