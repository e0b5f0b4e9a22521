/** The two documents by which others can check ServiceAccount tokens. */
import type { HttpResponse } from '#kube/http.ts'
import { jsonText } from '../answer.ts'
import type { Machine } from '../machine.ts'
import { issuer, signingAlgorithm } from './jwt.ts'

const keysPath = '/openid/v1/jwks'
const configurationPath = '/.well-known/openid-configuration'

export const openIdPaths = [configurationPath, keysPath] as const

/** The answer to a path of these documents, undefined for any other. `host` is where the client found this server. */
export function openIdAnswer(
  machine: Machine,
  path: string,
  host: string | undefined,
): HttpResponse | undefined {
  const headers = { 'cache-control': 'public, max-age=3600' }
  if (path === keysPath) {
    const type = { 'content-type': 'application/jwk-set+json' }
    return jsonText(200, JSON.stringify(machine.auth.signer.keySet()), { ...headers, ...type })
  }
  if (path !== configurationPath) return undefined
  const document = {
    issuer,
    jwks_uri: `${host === undefined ? issuer : `https://${host}`}${keysPath}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [signingAlgorithm],
  }
  return jsonText(200, JSON.stringify(document), headers)
}
