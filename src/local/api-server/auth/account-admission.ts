/** What a cluster does to a new pod on account of its ServiceAccount. No token is mounted: pods here are processes. */
import { asArray, asObject, asString, child, type Obj } from '#core/schema/json.ts'
import { type Call, keyOf } from '../machine.ts'
import type { Stored } from '../resource.ts'
import { forbidden } from '../status.ts'

const defaultAccount = 'default'

/**
 * Names the account of a pod that names none, and hands down its pull secrets. The account `default` need not be there
 * yet: a real cluster waits for the controller that makes one in every namespace, and makes it without being asked.
 * @throws ApiError 403 when the pod names an account that is not there.
 */
export function admitAccount({ resource, machine, namespace }: Call, object: Stored): void {
  if (resource.storage !== 'pods') return
  const spec = child(object, 'spec')
  const given = asString(spec.serviceAccountName) ?? ''
  const name = given === '' ? defaultAccount : given
  spec.serviceAccountName = name
  spec.serviceAccount = name
  const entry = machine.store.get('serviceaccounts', keyOf(namespace, name))
  if (entry === undefined) {
    if (name === defaultAccount) return
    const quoted = JSON.stringify(name)
    const why = `error looking up service account ${namespace}/${name}: serviceaccount ${quoted} not found`
    throw forbidden(resource, asString(object.metadata.name) ?? '', why)
  }
  if (asArray(spec.imagePullSecrets).length > 0) return
  const secrets = asArray((JSON.parse(entry.text) as Obj).imagePullSecrets)
  if (secrets.length === 0) return
  spec.imagePullSecrets = secrets.map((one) => ({ name: asString(asObject(one)?.name) ?? '' }))
}
