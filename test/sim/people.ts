/** What people do: they ask for versions, give commands, delete and begin anew. What the server refuses is their luck. */
import { writeAction } from '#core/api/action.ts'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Verb } from '#core/model/app.ts'
import { annotations, labels } from '#core/render/names.ts'
import type { Cluster } from './cluster.ts'
import { isRoute, isTakenOver, objectsOf, roleOf, templateOf } from './objects.ts'
import type { Deed } from './plan.ts'
import { recordOf, trialOf } from './record.ts'
import { courses } from './stories/register.ts'
import type { Setting } from './stories/story.ts'
import type { Kinded } from './truth.ts'

export type People = {
  readonly act: (deed: Pick<Deed, 'verb' | 'value'>) => void
  readonly ask: (image: string) => void
  readonly command: (verb: Verb) => void
  /** Says what a release waits for that waits for somebody. */
  readonly goOn: () => void
  /** Commands given so far, by id: what their author was looking at. */
  readonly given: ReadonlyMap<string, { readonly verb: Verb; readonly at: number }>
  /** Lets Services tell roles apart, as a release asks for that finds they do not. */
  readonly tellApart: () => void
  /** Puts what people wrote back in place, where somebody destroyed it. */
  readonly tidyUp: () => Promise<void>
}

const at = { namespace: 'default', name: 'shop' }

export function peopleOf(cluster: Cluster, setting: Setting): People {
  const course = courses[setting.strategy]
  let turn = 0
  const client = cluster.person('user')
  let commands = 0
  const given = new Map<string, { readonly verb: Verb; readonly at: number }>()
  const release = (): Release | undefined => cluster.truth().releases.get('default/shop')
  const quietly = (doing: Promise<unknown>): void => {
    doing.catch(() => undefined)
  }
  const patch = (body: object): void => quietly(client.patch(kinds.release, at, 'merge', body))

  const command = (verb: Verb, stale = false): void => {
    const { stable, failed } = recordOf(release())
    const trial = trialOf(release())
    commands += 1
    const id = `command-${commands}`
    const revision = trial?.revision ?? failed[0] ?? stable
    const text = writeAction({
      id,
      verb,
      uid: release()?.metadata.uid ?? '',
      revision,
      // One that was meant for the step before comes late.
      step: stale ? (trial?.step ?? 0) - 1 : trial?.step,
      by: 'ann',
    })
    if (!stale) given.set(id, { verb, at: cluster.time.clock.monotonic() })
    patch({ metadata: { annotations: { [annotations.action]: text } } })
  }
  const change = (spec: object | undefined): void => {
    if (spec !== undefined) patch({ spec })
  }
  const ask = (image: string): void => {
    turn += 1
    const template = templateOf(image)
    if (!isTakenOver(setting)) return change(course.ask(setting, template, turn))
    quietly(client.patch(kinds.deployment, at, 'merge', { spec: { template } }))
  }
  const goOn = (): void => {
    const held = release()
    turn += 1
    const said = held === undefined ? undefined : course.goOn(held, turn)
    if (said === undefined) command('promote')
    else change(said)
  }
  const written = (): readonly Kinded[] => objectsOf(setting)

  const act: People['act'] = ({ verb, value }) => {
    switch (verb) {
      case 'image':
      case 'rollback': {
        if (verb === 'rollback' && course.withdraw !== undefined) return change(course.withdraw())
        return ask(setting.images[verb === 'rollback' ? 0 : value] ?? setting.images[0] ?? '')
      }
      case 'replicas':
        // Without pods there is nothing to measure, and an analysis would wait for ever, as it should.
        return patch({
          spec: { replicas: setting.analysis === undefined ? value : Math.max(1, value) },
        })
      case 'go-on':
        return goOn()
      case 'stale-command':
        return command('promote', true)
      case 'delete':
        return quietly(client.remove(kinds.release, at))
      case 'leave':
        return quietly(client.remove(kinds.release, at, { propagation: 'Orphan' }))
      case 'recreate':
        return quietly(client.remove(kinds.release, at).then(() => again(written().at(-1)?.[1])))
      default:
        return command(verb)
    }
  }
  /** Whoever begins anew applies all of the manifests, the routes among them. */
  const restored = (): void => {
    for (const [kind, { metadata, ...rest }] of written()) {
      if (!isRoute(kind.kind)) continue
      const { spec } = rest as { readonly spec?: object }
      quietly(client.patch(kind, { namespace: 'default', name: metadata.name }, 'merge', { spec }))
    }
  }
  const again = (object: KubeObject | undefined, tries = 0): void => {
    if (object === undefined || tries > 40) return
    client.create(kinds.release, object).then(restored, () => {
      cluster.time.clock.after(1000, () => again(object, tries + 1))
    })
  }
  return {
    act,
    ask: (image) => (isTakenOver(setting) ? ask(image) : change({ template: templateOf(image) })),
    goOn,
    command,
    given,
    tellApart: () => {
      for (const role of ['stable', roleOf(setting) ?? []].flat()) {
        const selector = { [labels.role]: role, [labels.revision]: null }
        const named = { ...at, name: `shop-${role}` }
        quietly(client.patch(kinds.service, named, 'merge', { spec: { selector } }))
      }
    },
    tidyUp: async () => {
      for (const [kind, object] of written()) {
        if (kind === kinds.release) continue
        await client.create(kind, object).catch(() => undefined)
      }
    },
  }
}
