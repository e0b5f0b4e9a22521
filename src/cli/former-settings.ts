/** Settings of the programs that Headgate takes the place of: they count only where there is no other word about a cluster. */
import type { ConfigOptions } from '#kube/config.ts'

/** `K8S_API_SERVER`, `TOKEN` and `NAMESPACE`; undefined without the first of them. */
export function formerSettings(
  env: Readonly<Record<string, string | undefined>>,
): NonNullable<ConfigOptions['bare']> | undefined {
  const { K8S_API_SERVER: server = '', TOKEN: token = '', NAMESPACE: namespace = '' } = env
  if (server === '') return undefined
  return {
    server,
    ...(token === '' ? {} : { token }),
    ...(namespace === '' ? {} : { namespace }),
  }
}
