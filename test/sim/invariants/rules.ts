/** R: rules by match stand above the split exactly while a candidate is on trial, and pick its revision alone. */
import { matchRules } from '../match-rules.ts'
import { recordOf } from '../record.ts'
import type { Truth, Write } from '../truth.ts'
import { endpoints, selected } from '../view.ts'
import { type Invariant, type Scene, shop, wasSo } from './invariant.ts'
import { fallOf } from './s5.ts'

export const rules: Invariant = {
  id: 'R',
  says: 'rules by match stand above the split, while somebody is on trial whom they pick',
  write: (write, scene) => {
    if (!write.cause.ours) return undefined
    if (write.shelf === 'routes') return appeared(write, scene)
    if (write.shelf === 'services') return turned(write, scene)
    return emptied(write, scene)
  },
}

const servicesIn = (view: Truth, { setting }: Scene): readonly string[] =>
  matchRules(view, setting.router).map(({ service }) => service)

function appeared(write: Write, scene: Scene): string | undefined {
  const before = servicesIn(write.was, scene)
  for (const { service, isAbove } of matchRules(write.is, scene.setting.router)) {
    if (!isAbove) return `the rule to ${service} stands below the split`
    if (before.includes(service)) continue
    const isMeant = (view: Truth): boolean =>
      recordOf(view.releases.get(shop)).trials.some(
        ({ candidate, revision, stage }) =>
          `shop-${candidate}` === service &&
          stage !== 'retreating' &&
          selected(view, service, scene) === revision,
      )
    if (!wasSo(write, isMeant)) return `a rule sends to ${service}, which has nobody on trial`
    if (!wasSo(write, (view) => endpoints(view, service, scene) > 0))
      return `a rule sends to ${service}, which lists nobody`
  }
  return undefined
}

/** Whoever a rule picks stays with the revision that the rule was written for. */
function turned(write: Write, scene: Scene): string | undefined {
  const [, service = ''] = write.key.split('/')
  const [from, to] = [selected(write.was, service, scene), selected(write.is, service, scene)]
  if (from === undefined || to === undefined || from === to) return undefined
  const isFree = (view: Truth): boolean => !servicesIn(view, scene).includes(service)
  return wasSo(write, isFree) ? undefined : `${service} turns from ${from} to ${to} under its rule`
}

function emptied(write: Write, scene: Scene): string | undefined {
  const fall = fallOf(write)
  if (fall === undefined || fall.left > 0 || fall.revision === '') return undefined
  const isFree = (view: Truth): boolean =>
    servicesIn(view, scene).every((service) => selected(view, service, scene) !== fall.revision)
  return wasSo(write, isFree) ? undefined : `${fall.name} goes while a rule sends to it`
}
