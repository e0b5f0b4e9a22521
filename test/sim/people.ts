/** What people do: they ask for versions, give commands, delete and begin anew. What the server refuses is their luck. */
import { writeAction } from '#core/api/action.ts'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Verb } from '#core/model/app.ts'
import { annotations } from '#core/render/names.ts'
import type { Cluster } from './cluster.ts'
import type { Deed } from './plan.ts'
import { recordOf, trialOf } from './record.ts'
import type { Setting, Story } from './stories/story.ts'

export type People = {
  readonly act: (deed: Pick<Deed, 'verb' | 'value'>) => void
  readonly ask: (image: string) => void
  readonly command: (verb: Verb) => void
  /** Commands given so far, by id: what their author was looking at. */
  readonly given: ReadonlyMap<string, { readonly verb: Verb; readonly at: number }>
  /** Puts what people wrote back in place, where somebody destroyed it. */
  readonly tidyUp: () => Promise<void>
}

const at = { namespace: 'default', name: 'shop' }

export function peopleOf(cluster: Cluster, story: Story, setting: Setting): People {
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
  const written = (): readonly KubeObject[] => story.objects(setting)

  const act: People['act'] = ({ verb, value }) => {
    switch (verb) {
      case 'image':
      case 'rollback': {
        const image = setting.images[verb === 'rollback' ? 0 : value] ?? setting.images[0] ?? ''
        return patch(story.ask(image))
      }
      case 'replicas':
        // Without pods there is nothing to measure, and an analysis would wait for ever, as it should.
        return patch({
          spec: { replicas: setting.analysis === undefined ? value : Math.max(1, value) },
        })
      case 'stale-command':
        return command('promote', true)
      case 'delete':
        return quietly(client.remove(kinds.release, at))
      case 'recreate':
        return quietly(client.remove(kinds.release, at).then(() => again(written().at(-1))))
      default:
        return command(verb)
    }
  }
  const again = (object: KubeObject | undefined, tries = 0): void => {
    if (object === undefined || tries > 40) return
    client.create(kinds.release, object).catch(() => {
      cluster.time.clock.after(1000, () => again(object, tries + 1))
    })
  }
  return {
    act,
    ask: (image) => patch(story.ask(image)),
    command,
    given,
    tidyUp: async () => {
      for (const object of written()) {
        const kind = Object.values(kinds).find((one) => one.kind === object.kind)
        if (kind === undefined || kind === kinds.release) continue
        await client.create(kind, object).catch(() => undefined)
      }
    },
  }
}
