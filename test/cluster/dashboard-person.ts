/** Somebody who uses an installed dashboard: signed in by a token of the cluster, with a role that the cluster brings. */
import type { ActionAnswer, ActionPreview, ReleaseRow } from '#dashboard/wire.ts'
import type { InstallGround } from './install-ground.ts'

export type Person = {
  readonly rows: () => Promise<readonly ReleaseRow[]>
  /** HTTP status of the list with this token; without one, nobody is signed in. */
  readonly knocks: (token?: string) => Promise<number>
  /** `DOOR/NAMESPACE/NAME`: what the action would do. */
  readonly preview: (release: string, verb: string) => Promise<ActionPreview>
  /** Does what the preview says. */
  readonly act: (release: string, verb: string) => Promise<ActionAnswer>
}

/** Becomes a ServiceAccount of the namespace default that has been given the built-in role edit there. */
export async function personAt(
  { kubectl }: InstallGround,
  base: string,
  name: string,
): Promise<Person> {
  await kubectl('create', 'serviceaccount', name)
  const subject = `--serviceaccount=default:${name}`
  await kubectl('create', 'rolebinding', name, '--clusterrole=edit', subject)
  const token = (await kubectl('create', 'token', name, '--audience', 'headgate')).trim()
  const ask = async <T>(path: string, body?: object): Promise<T> => {
    const answer = await fetch(`${base}/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as T
  }
  const at = (release: string, verb: string): string => `/releases/${release}/actions/${verb}`
  const preview: Person['preview'] = (release, verb) => ask(at(release, verb))
  return {
    rows: () => ask('/releases'),
    knocks: async (given) => {
      const headers = given === undefined ? {} : { authorization: `Bearer ${given}` }
      const answer = await fetch(`${base}/api/v1/releases`, { headers })
      await answer.text()
      return answer.status
    },
    preview,
    act: async (release, verb) => {
      for (;;) {
        const { revision, step } = await preview(release, verb)
        const body = { revision, ...(step === undefined ? {} : { step }) }
        try {
          return await ask(at(release, verb), body)
        } catch (error) {
          // It went on meanwhile: looked at again, as the answer says.
          if (!String(error).includes('has moved on')) throw error
        }
      }
    },
  }
}
