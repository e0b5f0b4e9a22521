/** The certificate library, loaded late: only those who make certificates need it. */

export type X509 = typeof import('@peculiar/x509')

/** It asks for decorator metadata that nothing here uses, and gets a stand-in that says nothing. */
export async function loadX509(): Promise<X509> {
  if (!('getMetadata' in Reflect)) {
    const none = (): undefined => undefined
    Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none, defineMetadata: none })
  }
  return import('@peculiar/x509')
}
