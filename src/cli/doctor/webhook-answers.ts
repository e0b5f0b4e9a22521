/** Makes the API server ask a webhook, as it does when somebody writes or reads such an object; nothing is stored. */
import type { CustomResourceDefinition } from '#core/k8s/definition.ts'
import { apiVersionOf, type Kind } from '#core/k8s/kinds.ts'
import type { Validation } from '#doors/door.ts'
import type { Cluster } from '#kube/cluster.ts'
import type { KubeStatus } from '#kube/errors.ts'

export type Answer =
  | { readonly kind: 'answers' }
  | { readonly kind: 'fails'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string }

/** A write that stores nothing is asked about like every other. */
export async function askForValidation(
  cluster: Cluster,
  {
    kind,
    validation,
    namespace,
  }: { readonly kind: Kind; readonly validation: Validation; readonly namespace: string },
): Promise<Answer> {
  const { example, webhook } = validation
  const object = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { generateName: 'headgate-doctor-', namespace },
    spec: example,
  }
  const answer = await cluster.raw({
    method: 'POST',
    path: `/apis/${object.apiVersion}/namespaces/${namespace}/${kind.plural}?dryRun=All`,
    body: JSON.stringify(object),
  })
  if (answer.status < 300) return { kind: 'answers' }
  const message = messageIn(answer.body)
  return message.includes(`failed calling webhook "${webhook}"`)
    ? { kind: 'fails', why: message }
    : { kind: 'unknown', why: `the API server was not seen to ask: ${message}` }
}

/** Objects are converted when they are read in the version in which they are not stored. */
export async function askForConversion(
  cluster: Cluster,
  { spec }: CustomResourceDefinition,
): Promise<Answer> {
  const { group, names, versions } = spec
  let seen = 0
  for (const { name } of versions.filter(({ served }) => served)) {
    const path = `/apis/${group}/${name}/${names.plural}?limit=1`
    const { status, body } = await cluster.raw({ path })
    const message = messageIn(body)
    if (status >= 500 && message.includes('conversion webhook'))
      return { kind: 'fails', why: message }
    if (status >= 300)
      return { kind: 'unknown', why: `the API server was not seen to ask: ${message}` }
    seen += (JSON.parse(body) as { readonly items: readonly unknown[] }).items.length
  }
  return seen > 0
    ? { kind: 'answers' }
    : { kind: 'unknown', why: `there are no ${names.plural} to convert yet` }
}

/** Of a Status; the text itself where it is none. */
function messageIn(body: string): string {
  try {
    const { message } = JSON.parse(body) as KubeStatus
    return message ?? ''
  } catch {
    return body.slice(0, 200)
  }
}
